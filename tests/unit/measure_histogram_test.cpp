#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "measure/distribution.hpp"
#include "measure/histogram.hpp"

using shmbus::measure::Distribution;
using shmbus::measure::Histogram;

namespace {
constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
}

TEST_CASE("a histogram without values gives zeros", "[measure]") {
  const auto histogram = std::make_unique<Histogram>();
  CHECK(histogram->count() == 0);
  CHECK(histogram->min() == 0);
  CHECK(histogram->max() == 0);
  CHECK(histogram->mean() == 0);
  CHECK(histogram->quantile(0.5) == 0);
}

TEST_CASE("values below 2048 are counted exactly", "[measure]") {
  const auto histogram = std::make_unique<Histogram>();
  for (std::uint64_t value = 0; value < 2048; ++value) histogram->add(value);
  CHECK(histogram->count() == 2048);
  CHECK(histogram->quantile(0.5) == 1023);
  CHECK(histogram->quantile(0) == 0);
  CHECK(histogram->quantile(1) == 2047);
  CHECK(histogram->count_up_to(99) == 100);
  CHECK(histogram->mean() == Approx(1023.5));
}

TEST_CASE("each value lies in a bucket at most 1/1024 of the value wide, and there are no gaps between buckets",
          "[measure]") {
  std::uint64_t before = largest;  // so that the first bucket begins with 0
  for (std::size_t bucket = 0; before != largest || bucket == 0; ++bucket) {
    const std::uint64_t first = before + 1;
    const std::uint64_t last = Histogram::upper_edge(bucket);
    REQUIRE(first <= last);
    REQUIRE(Histogram::bucket_of(first) == bucket);
    REQUIRE(Histogram::bucket_of(last) == bucket);
    REQUIRE(last - first <= first / 1024);
    before = last;
  }
  CHECK(before == largest);
}

TEST_CASE("a quantile is at most 1/1024 above the value of the sorted list, and never above the largest", "[measure]") {
  constexpr unsigned seed = 20;
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> lognormal(7, 2);
  const auto histogram = std::make_unique<Histogram>();
  std::vector<std::uint64_t> values(100'000);
  for (std::uint64_t& value : values) {
    value = static_cast<std::uint64_t>(lognormal(random));
    histogram->add(value);
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.0001, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    CAPTURE(share);
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
    const std::uint64_t exact = values[std::max<std::size_t>(rank, 1) - 1];
    CHECK(histogram->quantile(share) >= exact);
    CHECK(histogram->quantile(share) <= exact + exact / 1024);
    CHECK(histogram->quantile(share) <= histogram->max());
  }
  CHECK(histogram->min() == values.front());
  CHECK(histogram->max() == values.back());
}

TEST_CASE("differences of a coarse clock give the median between its steps", "[measure]") {
  constexpr std::uint64_t step = 26;
  for (std::uint64_t truth = 260; truth <= 286; truth += 2) {
    CAPTURE(truth);
    const auto histogram = std::make_unique<Histogram>();
    for (std::uint64_t begin = 0; begin < 10 * step; ++begin) {
      for (std::uint64_t spread = 0; spread < step; ++spread) {
        const std::uint64_t end = begin + truth + spread - step / 2;
        histogram->add(end / step * step - begin / step * step);
      }
    }
    CHECK(histogram->quantile_between(0.5, step) == Approx(static_cast<double>(truth)).margin(3));
    CHECK(histogram->quantile(0.5) % step == 0);
  }
}

TEST_CASE("a quantile between steps stays in the range of the values", "[measure]") {
  const auto histogram = std::make_unique<Histogram>();
  for (int i = 0; i < 10; ++i) histogram->add(260);
  CHECK(histogram->quantile_between(0, 26) == 260);
  CHECK(histogram->quantile_between(0.99, 26) == 260);
  histogram->add(1'000'000);
  CHECK(histogram->quantile_between(1, 26) == 1'000'000);
  CHECK(histogram->quantile_between(0.5, 1) == 260);
}

TEST_CASE("the largest number there is fits a histogram", "[measure]") {
  const auto histogram = std::make_unique<Histogram>();
  histogram->add(largest);
  CHECK(histogram->max() == largest);
  CHECK(histogram->quantile(0.5) == largest);
}

TEST_CASE("merged histograms equal one that got all values", "[measure]") {
  const auto all = std::make_unique<Histogram>();
  const auto one = std::make_unique<Histogram>();
  const auto other = std::make_unique<Histogram>();
  for (std::uint64_t value = 1; value < 100'000; value += 7) {
    all->add(value);
    (value % 3 == 0 ? one : other)->add(value);
  }
  one->merge(*other);
  CHECK(one->count() == all->count());
  CHECK(one->min() == all->min());
  CHECK(one->max() == all->max());
  for (const double share : {0.1, 0.5, 0.99}) CHECK(one->quantile(share) == all->quantile(share));
  one->clear();
  CHECK(one->count() == 0);
  CHECK(one->quantile(0.5) == 0);
}

TEST_CASE("a distribution is printed in the unit that was asked for", "[measure]") {
  const auto histogram = std::make_unique<Histogram>();
  for (std::uint64_t value = 1; value <= 1000; ++value) histogram->add(value);
  const Distribution printed = distribution(*histogram, 0.5);
  CHECK(printed.count == 1000);
  CHECK(printed.min == 0.5);
  CHECK(printed.p50 == 250);
  CHECK(printed.p90 == 450);
  CHECK(printed.p99 == 495);
  CHECK(printed.p99_9 == 499.5);
  CHECK(printed.max == 500);
}

TEST_CASE("a percentile curve rises from the smallest value to the largest", "[measure]") {
  const auto histogram = std::make_unique<Histogram>();
  for (std::uint64_t value = 1; value <= 1000; ++value) histogram->add(value);
  const auto curve = percentile_curve(*histogram, 1);
  REQUIRE(curve.size() > 2);
  CHECK(curve.front().value == 1);
  CHECK(curve.back().value == 1000);
  for (std::size_t i = 1; i < curve.size(); ++i) {
    CHECK(curve[i - 1].share <= curve[i].share);
    CHECK(curve[i - 1].value <= curve[i].value);
    CHECK(curve[i].share < 1);
  }
}
