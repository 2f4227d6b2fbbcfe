// Total order: all subscribers of a topic see the same events in the same order, whichever process published them.

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"
#include "support/shared_value.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using test::ForkedProcess;
using test::Parent;

namespace {

constexpr std::size_t publishers = 4;
constexpr std::size_t subscribers = 4;

/// Sends the test a hash over all events in the order of their arrival.
void read_all(const std::string& bus_name, std::uint64_t each, const Parent& parent) {
  shmbus::Bus bus = shmbus::Bus::open(bus_name);
  shmbus::Subscriber subscriber =
      bus.subscriber("order.*", {.start = shmbus::Start::oldest(), .delivery = shmbus::Delivery::reliable});
  parent.say();
  std::uint64_t hash = 0xcbf29ce484222325u, seen = 0;
  std::vector<std::uint64_t> next(publishers, 0);
  const test::Deadline deadline;
  while (seen < publishers * each) {
    const std::size_t polled = subscriber.poll([&](const shmbus::Event& event) {
      const test::Numbered n = test::numbered(event);
      test::require(event.sequence() == ++seen, "a gap in the sequence");
      test::require(n.publisher < publishers && n.number == next[n.publisher]++, "a publisher's events out of order");
      for (std::uint64_t word : {event.sequence(), n.publisher, n.number}) hash = (hash ^ word) * 0x100000001b3u;
    });
    if (polled == 0) subscriber.wait(1s);
    deadline.check("events");
  }
  test::require(subscriber.poll([](const shmbus::Event&) {}) == 0, "more events than were published");
  test::require(subscriber.lost() == 0, "a reliable subscriber lost events");
  parent.say(hash);
}

void publish_all(const std::string& bus_name, const shmbus::TopicOptions& options, std::uint64_t self,
                 std::uint64_t each, const Parent& parent, bool wait_for_start) {
  shmbus::Bus bus = shmbus::Bus::open(bus_name);
  shmbus::Publisher publisher = bus.publisher("order.all", options);
  if (wait_for_start) parent.hear();
  for (std::uint64_t number = 0; number < each; ++number) {
    const auto result = publisher.publish(test::bytes_of({self, number}));
    test::require(result.status() == shmbus::Status::ok, shmbus::to_string(result.status()));
  }
}

void expect_same_order(const shmbus::TopicOptions& options, std::uint64_t each, bool wait_for_start) {
  const test::TemporaryBus bus;
  std::vector<std::size_t> order(publishers + subscribers);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), std::mt19937{Catch::rngSeed()});

  std::vector<ForkedProcess> writers, readers;
  for (std::size_t i : order) {
    if (i < publishers)
      writers.emplace_back([&](const Parent& p) { publish_all(bus.name(), options, i, each, p, wait_for_start); });
    else
      readers.emplace_back([&](const Parent& p) { read_all(bus.name(), each, p); });
  }
  for (ForkedProcess& reader : readers) reader.hear();
  if (wait_for_start) {
    for (ForkedProcess& writer : writers) writer.say();
  }
  for (ForkedProcess& writer : writers) CHECK(writer.wait() == test::End{});
  const std::uint64_t hash = readers.front().hear();
  for (std::size_t i = 1; i < subscribers; ++i) CHECK(readers[i].hear() == hash);
  for (ForkedProcess& reader : readers) CHECK(reader.wait() == test::End{});
}

}  // namespace

TEST_CASE("four reliable subscribers see the same million events of four publishers in the same order", "[order]") {
  // The topic retains all, so that the processes may start in any order. Fewer events under sanitizers.
  expect_same_order({.block_size = 1 << 20, .blocks = 64}, 250'000 / test::slowness, false);
}

TEST_CASE("the order is the same while subscribers hold a small ring back all the time", "[order]") {
  expect_same_order({.block_size = 4096, .blocks = 4}, 250'000 / test::slowness, true);
}
