// Percentiles of a histogram of latencies.

#include "shmbus/latency.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "layout/latency_histogram.hpp"

using shmbus::Latency;
using shmbus::layout::kLatencyBuckets;
using shmbus::layout::latency_bucket;
using std::chrono::nanoseconds;

namespace {

Latency of(const std::vector<std::uint64_t>& values, double ns_per_unit = 1) {
  std::vector<std::uint64_t> counts(kLatencyBuckets);
  for (const std::uint64_t value : values) ++counts[latency_bucket(value)];
  return {counts, ns_per_unit};
}

}  // namespace

TEST_CASE("percentiles of any spread are right within an eighth", "[latency]") {
  std::mt19937_64 random{42};
  std::vector<std::uint64_t> values(100'000);
  std::lognormal_distribution<double> spread{8, 2};
  for (auto& value : values) value = static_cast<std::uint64_t>(spread(random)) + 8;
  const Latency latency = of(values, 0.5);
  CHECK(latency.count() == values.size());
  std::sort(values.begin(), values.end());
  for (const double percent : {1.0, 10.0, 50.0, 90.0, 99.0, 99.9}) {
    const auto rank = static_cast<std::size_t>(percent / 100 * static_cast<double>(values.size() - 1));
    CHECK(static_cast<double>(latency.percentile(percent).count()) ==
          Approx(static_cast<double>(values[rank]) / 2).epsilon(0.125));
  }
  double sum = 0;
  for (const auto value : values) sum += static_cast<double>(value) / 2;
  CHECK(static_cast<double>(latency.mean().count()) == Approx(sum / 100'000).epsilon(0.1));
}

TEST_CASE("a latency of no events is zero", "[latency]") {
  for (const Latency& none : {Latency{}, of({})}) {
    CHECK(none.count() == 0);
    CHECK(none.percentile(50).count() == 0);
    CHECK(none.mean().count() == 0);
  }
}

TEST_CASE("since() gives the events between two snapshots, or all events if the subscriber is another one",
          "[latency]") {
  const Latency before = of({100, 200}), after = of({100, 200, 5000, 5000, 5000});
  CHECK(after.since(before).count() == 3);
  CHECK(after.since(before).percentile(1) > nanoseconds{4000});
  CHECK(after.since(Latency{}).count() == 5);
  CHECK(before.since(after).count() == 2);
  CHECK(before.since(of({7, 7, 7})).count() == 2);
}

TEST_CASE("an overwritten histogram gives numbers, and does not crash", "[latency]") {
  const Latency broken{std::vector<std::uint64_t>(kLatencyBuckets, ~std::uint64_t{0}), 1000};
  CHECK(broken.percentile(100).count() > 0);
  CHECK(broken.percentile(-5).count() >= 0);
  CHECK(broken.mean().count() > 0);
}
