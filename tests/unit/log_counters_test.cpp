// What publishers count, and the latencies that readers sample.

#include <catch2/catch.hpp>
#include <memory>
#include <numeric>

#include "support/log_fixture.hpp"

using namespace test;
using shmbus::layout::kLatencyBuckets;
using shmbus::layout::latency_bucket;
using shmbus::layout::latency_bucket_begin;
using shmbus::layout::LatencyHistogram;

namespace {

std::uint64_t events_of(const LatencyHistogram& histogram) {
  std::uint64_t sum = 0;
  for (const auto& count : histogram.counts) sum += count.load();
  return sum;
}

/// A log whose subscribers have histograms. Stamps are nanoseconds that pass when the test says so.
struct LatencyFixture : LogFixture {
  explicit LatencyFixture(const LogOptions& options = {.block_size = 65536, .blocks = 16}) : LogFixture(options) {
    world.histograms = std::make_unique<LatencyHistogram[]>(shmbus::layout::kMaxSubscribers);
  }
  LatencyHistogram& histogram(const TestSubscriber& s) const { return world.histograms[s.port]; }
};

}  // namespace

TEST_CASE("a value lies in its latency bucket, which is at most an eighth of its lower bound wide",
          "[layout][latency]") {
  for (std::size_t i = 0; i + 1 < kLatencyBuckets; ++i) {
    const std::uint64_t begin = latency_bucket_begin(i), next = latency_bucket_begin(i + 1);
    REQUIRE(begin < next);
    REQUIRE(latency_bucket(begin) == i);
    REQUIRE(latency_bucket(next - 1) == i);
    REQUIRE((next - begin) * 8 <= std::max<std::uint64_t>(begin, 8));
  }
}

TEST_CASE("a shared publisher counts its own events and the bytes of their payloads, and no aborted ones",
          "[log][writer]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& other = f.publisher();
  const auto& port = f.log().publisher(p.port);
  for (int i = 0; i < 5; ++i) REQUIRE(p.publish_bytes(100));
  REQUIRE(other.publish_bytes(1000));
  CHECK(port.words.published.load() == 5);
  CHECK(port.words.bytes.load() == 5 * 100);
  const auto loan = p.claim(200);
  p.writer->open_loan(loan);
  p.writer->abort_loan(loan);
  CHECK(port.words.published.load() == 5);
  CHECK(port.words.bytes.load() == 5 * 100);
  for (int i = 0; i < 100; ++i) REQUIRE(p.publish_bytes(100));  // over several blocks: padding is not counted
  CHECK(port.words.published.load() == 105);
  CHECK(port.words.bytes.load() == 105 * 100);
}

TEST_CASE("an exclusive publisher records once how many events and bytes its topic had before", "[log][writer]") {
  LogFixture f({.exclusive = true});
  std::uint64_t bytes = 0;
  {
    TestPublisher first(f.memory, f.world, f.new_node());
    CHECK(f.log().publisher(first.port).words.published.load() == 0);
    CHECK(f.log().publisher(first.port).words.bytes.load() == 0);
    for (int i = 0; i < 50; ++i) REQUIRE(first.publish_bytes(100));
    CHECK(f.log().publisher(first.port).words.published.load() == 0);
    bytes = (f.tail_block() - 1) * f.log().block_size() + f.tail_offset();
    f.world.kill(first.node);
  }
  TestPublisher second(f.memory, f.world, f.new_node());
  CHECK(f.log().publisher(second.port).words.published.load() == 50);
  CHECK(f.log().publisher(second.port).words.bytes.load() == bytes);
}

TEST_CASE("latency samples count every event once, whatever the size of the polls", "[log][reader][latency]") {
  LatencyFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  const auto limit = GENERATE(as<std::size_t>{}, 1, 7, 64, 100'000);
  std::uint64_t polled = 0;
  for (int i = 0; i < 200; ++i) {
    for (int k = 0; k < 50; ++k) REQUIRE(p.publish("x"));
    f.world.pass_time(500);
    for (std::size_t n = 1; n != 0; polled += n) n = s.poll(limit).size();
  }
  REQUIRE(polled == 10'000);
  // A sample stands for up to 64 events. Some of those may not be polled yet, or the last events have no sample yet.
  CHECK(events_of(f.histogram(s)) <= polled + 64);
  CHECK(events_of(f.histogram(s)) + 64 >= polled);
  CHECK(f.histogram(s).counts[latency_bucket(500)].load() == events_of(f.histogram(s)));
}

TEST_CASE("every slow event is sampled", "[log][reader][latency]") {
  LatencyFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  for (std::uint64_t i = 1; i <= 20; ++i) {
    REQUIRE(p.publish("x"));
    f.world.pass_time(i * 1'000'000);
    REQUIRE(s.poll().size() == 1);
    CHECK(events_of(f.histogram(s)) == i);
  }
  CHECK(f.histogram(s).counts[latency_bucket(20'000'000)].load() > 0);
}

TEST_CASE("an event's place in its poll does not change how often it is counted", "[log][reader][latency]") {
  LatencyFixture f({.block_size = 1 << 20, .blocks = 16});
  auto& p = f.publisher();
  auto& s = f.subscriber();
  // The first event of each poll waits for long, the others do not.
  const int batch = GENERATE(8, 32, 64, 128), batches = 10'000;
  for (int i = 0; i < batches; ++i) {
    REQUIRE(p.publish("first"));
    f.world.pass_time(1'000'000);
    for (int k = 1; k < batch; ++k) REQUIRE(p.publish("x"));
    f.world.pass_time(10);
    REQUIRE(s.poll().size() == static_cast<std::size_t>(batch));
  }
  const double slow = static_cast<double>(f.histogram(s).counts[latency_bucket(1'000'010)].load());
  INFO("batches of " << batch);
  CHECK(slow / batches == Approx(1).epsilon(0.2));
}

TEST_CASE("latency is sampled where each block holds one event", "[log][reader][latency]") {
  LatencyFixture f({.block_size = 4096, .blocks = 16});
  auto& p = f.publisher();
  auto& s = f.subscriber();
  for (int i = 0; i < 10; ++i) {
    REQUIRE(p.publish_bytes(3000));
    f.world.pass_time(1'000'000);
    REQUIRE(s.poll().size() == 1);
  }
  CHECK(events_of(f.histogram(s)) == 10);
}

TEST_CASE("every stamp has a bucket, and a stamp in the future counts as latency 0", "[log][reader][latency]") {
  LatencyFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  REQUIRE(p.publish("ahead"));
  f.world.system_ns -= 5'000'000;
  REQUIRE(s.poll().size() == 1);
  CHECK(f.histogram(s).counts[0].load() == 1);
  f.world.system_ns -= 5'000'000;
  REQUIRE(p.publish("long ago"));
  f.world.system_ns += std::int64_t{1} << 62;
  REQUIRE(s.poll().size() == 1);
  CHECK(events_of(f.histogram(s)) == 2);
}

TEST_CASE("a subscriber begins with an empty histogram, and does without one where memory is short",
          "[log][reader][latency]") {
  LatencyFixture f;
  auto& p = f.publisher();
  for (auto& count : f.world.histograms[0].counts) count = 77;  // left by the port's previous owner
  auto& s = f.subscriber();
  REQUIRE(s.port == 0);
  CHECK(events_of(f.histogram(s)) == 0);
  CHECK(s.shared().latency.load() == 1);
  f.world.histograms.reset();
  TestSubscriber without(f.memory, f.world, f.new_node(), {});
  CHECK(without.shared().latency.load() == 0);
  for (int i = 0; i < 1000; ++i) REQUIRE(p.publish("x"));
  CHECK(without.drain().size() == 1000);
}
