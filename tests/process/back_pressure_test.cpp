// A reliable subscriber holds publishers back, and lets them go again. The stall limit is an hour where no process dies:
// a publisher that goes on does so because it was woken.

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::Event;
using shmbus::Status;
using test::ForkedProcess;
using test::Parent;

namespace {

const shmbus::TopicOptions small{.block_size = 4096, .blocks = 2};
const std::string payload(500, 'x');
void ignore(const Event&) {}

enum Command : std::uint64_t { end, poll_one, poll_all, detach };

/// A reliable subscriber that acts on the test's commands.
void obey(const std::string& name, const shmbus::SubscriberOptions& options, const Parent& parent) {
  shmbus::Bus bus = shmbus::Bus::open(name);
  std::optional<shmbus::Subscriber> subscriber = bus.subscriber("t", options);
  parent.say();
  for (std::uint64_t command = parent.hear(); command != end; command = parent.hear()) {
    std::uint64_t polled = 0;
    if (command == poll_one) polled = subscriber->poll(ignore, 1);
    if (command == poll_all) polled = subscriber->poll(ignore, 1000);
    if (command == detach) subscriber.reset();
    parent.say(polled);
  }
}

struct Held {
  explicit Held(std::chrono::nanoseconds stall_limit = 1h, std::chrono::nanoseconds demote_after = 0ns)
      : bus(shmbus::Bus::open(name.name(), {.stall_limit = stall_limit})),
        publisher(bus.publisher("t", small)),
        reader([this, demote_after](const Parent& parent) {
          obey(name.name(), {.delivery = Delivery::reliable, .demote_after = demote_after}, parent);
        }) {
    reader.hear();
  }
  /// Publishes until the subscriber holds the ring back.
  std::uint64_t fill() {
    std::uint64_t n = 0;
    while (publisher.try_publish(payload)) ++n;
    return n;
  }

  test::TemporaryBus name;
  shmbus::Bus bus;
  shmbus::Publisher publisher;
  ForkedProcess reader;
};

}  // namespace

TEST_CASE("a publish that is held back returns at once, or waits for as long as its caller allows", "[back_pressure]") {
  Held held;
  const std::uint64_t filled = held.fill();
  CHECK(filled > 0);
  CHECK(held.publisher.try_publish(payload).status() == Status::back_pressured);
  CHECK(held.publisher.try_loan(500).status() == Status::back_pressured);
  const auto start = std::chrono::steady_clock::now();
  CHECK(held.publisher.publish_for(50ms, payload).status() == Status::back_pressured);
  CHECK(std::chrono::steady_clock::now() - start >= 50ms);
  CHECK(held.publisher.publish_for(0ms, payload).status() == Status::back_pressured);

  held.reader.say(poll_all);
  CHECK(held.reader.hear() == filled);
  CHECK(held.publisher.try_publish(payload).sequence() == filled + 1);
  held.reader.say(end);
  CHECK(held.reader.wait() == test::End{});
}

TEST_CASE("a waiting publisher goes on when the subscriber polls or detaches", "[back_pressure]") {
  const auto command = GENERATE(poll_all, detach);
  Held held;
  const std::uint64_t filled = held.fill();
  std::thread later([&] {
    std::this_thread::sleep_for(20ms);
    held.reader.say(command);
  });
  const auto result = held.publisher.publish(payload);
  later.join();
  CHECK(result.status() == Status::ok);
  CHECK(result.sequence() == filled + 1);
  held.reader.hear();
  held.reader.say(end);
  CHECK(held.reader.wait() == test::End{});
}

TEST_CASE("a waiting loan goes on when the subscriber polls", "[back_pressure]") {
  Held held;
  held.fill();
  std::thread later([&] {
    std::this_thread::sleep_for(20ms);
    held.reader.say(poll_all);
  });
  shmbus::Loan loan = held.publisher.loan(500);
  later.join();
  CHECK(loan.status() == Status::ok);
  CHECK(loan.commit(10));
}

TEST_CASE("a waiting publisher goes on when the subscriber is killed", "[back_pressure]") {
  Held held(20ms);
  held.fill();
  std::thread later([&] {
    std::this_thread::sleep_for(20ms);
    held.reader.kill();
  });
  CHECK(held.publisher.publish(payload).status() == Status::ok);
  later.join();
  for (int i = 0; i < 100; ++i) CHECK(held.publisher.try_publish(payload));
}

TEST_CASE("a subscriber with demote_after becomes lossy after that time and not before, and counts what it misses",
          "[back_pressure]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1h});
  shmbus::Subscriber subscriber = bus.subscriber("t", {.delivery = Delivery::reliable, .demote_after = 100ms});
  ForkedProcess process{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher publisher = member.publisher("t", small);
    std::uint64_t published = 0;
    while (publisher.try_publish(payload)) ++published;
    const auto start = std::chrono::steady_clock::now();
    test::require(bool{publisher.publish(payload)}, "publish");
    ++published;
    test::require(std::chrono::steady_clock::now() - start >= 90ms, "demoted too early");
    for (int i = 0; i < 1000; ++i) published += bool{publisher.try_publish(payload)};
    parent.say(published);
  }};
  const std::uint64_t published = process.hear();
  CHECK(process.wait() == test::End{});
  CHECK(published > 1000);
  std::uint64_t seen = 0;
  while (const std::size_t n = subscriber.poll(ignore)) seen += n;
  CHECK(subscriber.demoted());
  CHECK(seen + subscriber.lost() == published);
  CHECK(subscriber.lost() > 0);
}

TEST_CASE("a subscriber that moves on in time is not demoted, however often it holds back", "[back_pressure]") {
  Held held(1h, 20s);
  for (int round = 0; round < 50; ++round) {
    held.fill();
    held.reader.say(poll_all);
    held.reader.hear();
  }
  const auto snapshot = shmbus::Inspector(held.name.name()).snapshot();
  CHECK(snapshot.topics.at(0).subscribers.at(0).delivery == Delivery::reliable);
  CHECK(snapshot.topics.at(0).subscribers.at(0).lost == 0);
}

TEST_CASE("an interrupt ends a waiting publish", "[back_pressure]") {
  Held held;
  held.fill();
  std::thread later([&] {
    std::this_thread::sleep_for(20ms);
    held.bus.interrupt();
  });
  CHECK(held.publisher.publish(payload).status() == Status::back_pressured);
  later.join();
}

TEST_CASE("removing the bus or the topic ends a waiting publish", "[back_pressure]") {
  const bool whole_bus = GENERATE(true, false);
  Held held(20ms);
  held.fill();
  std::thread later([&] {
    std::this_thread::sleep_for(20ms);
    if (whole_bus)
      shmbus::Bus::remove(held.name.name());
    else
      held.bus.remove_topic("t");
  });
  CHECK(held.publisher.publish(payload).status() == Status::closed);
  later.join();
}

TEST_CASE("the slowest of several reliable subscribers holds publishers back; lossy and dead subscribers do not",
          "[back_pressure]") {
  Held held;
  shmbus::Subscriber lossy = held.bus.subscriber("t");
  const auto reliable = [&](const Parent& parent) { obey(held.name.name(), {.delivery = Delivery::reliable}, parent); };
  ForkedProcess second{reliable}, doomed{reliable};
  second.hear();
  doomed.hear();
  doomed.kill();
  const std::uint64_t filled = held.fill();
  held.reader.say(poll_all);
  CHECK(held.reader.hear() == filled);
  CHECK(held.publisher.try_publish(payload).status() == Status::back_pressured);
  second.say(poll_all);
  CHECK(second.hear() == filled);
  CHECK(held.publisher.try_publish(payload).status() == Status::ok);
}

TEST_CASE("publishers and a reliable subscriber that hold each other back lose nothing and never hang",
          "[back_pressure]") {
  const std::uint64_t each = 20'000 / test::slowness;
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1h});
  shmbus::Subscriber subscriber = bus.subscriber("t", {.delivery = Delivery::reliable});
  std::vector<ForkedProcess> publishers;
  for (std::uint64_t i = 0; i < 3; ++i) {
    publishers.emplace_back([&, i](const Parent&) {
      shmbus::Bus member = shmbus::Bus::open(name.name());
      shmbus::Publisher publisher = member.publisher("t", small);
      for (std::uint64_t n = 1; n <= each; ++n)
        test::require(bool{publisher.publish(test::bytes_of({i, n}))}, "publish");
    });
  }
  std::vector<std::uint64_t> last(3, 0);
  std::uint64_t seen = 0, out_of_order = 0;
  const test::Deadline deadline;
  while (seen < 3 * each) {
    const std::size_t n = subscriber.poll(
        [&](const Event& event) {
          const test::Numbered number = test::numbered(event);
          out_of_order += number.number != ++last.at(number.publisher);
        },
        100);
    seen += n;
    if (n == 0) subscriber.wait(test::patience);
    deadline.check("events");
  }
  CHECK(out_of_order == 0);
  CHECK(subscriber.lost() == 0);
  for (ForkedProcess& publisher : publishers) CHECK(publisher.wait() == test::End{});
}
