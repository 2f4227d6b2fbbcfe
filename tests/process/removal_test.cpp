// Removing a bus or a topic while members use it.

#include <catch2/catch.hpp>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/time_limits.hpp"
#include "support/refusal.hpp"
#include "support/segments.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Event;
using shmbus::Start;
using shmbus::Status;
using test::ForkedProcess;
using test::Parent;

namespace {
void ignore(const Event&) {}
}  // namespace

TEST_CASE("live members of a removed bus get closed, and a new bus of the same name works beside them", "[removal]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  ForkedProcess member{[&](const Parent& parent) {
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    shmbus::Publisher shared = bus.publisher("shared");
    shmbus::Publisher exclusive = bus.publisher("exclusive", {.writers = shmbus::Writers::exclusive});
    shmbus::Subscriber subscriber = bus.subscriber(">");
    shared.publish("old");
    test::require(subscriber.poll(ignore) == 1, "an event");
    parent.say(bus.incarnation());
    while (!bus.removed()) subscriber.wait(10ms);
    test::require(!subscriber.wait(test::patience), "a wait on a removed bus");
    test::require(subscriber.status() == Status::closed, "the subscriber's status");
    // The bus is marked first, then topic after topic.
    test::wait_until("publishing to be refused", [&] { return shared.publish("x").status() == Status::closed; });
    test::wait_until("publishing to be refused", [&] { return exclusive.publish("x").status() == Status::closed; });
    try {
      bus.publisher("new");
      test::require(false, "a removed bus gave a publisher");
    } catch (const shmbus::Error& error) {
      test::require(error.code() == shmbus::ErrorCode::closed, error.what());
    }
    parent.say();
    parent.hear();
    test::require(shared.publish("x").status() == Status::closed, "publish, with a new bus of the name");
    subscriber.poll([](const Event& event) { test::require(event.text() != "new", "an event of the new bus"); });
  }};
  const std::uint64_t incarnation = member.hear();
  CHECK(shmbus::Bus::remove(name.name()));
  CHECK(segments.all().empty());
  CHECK_FALSE(shmbus::Bus::remove(name.name()));
  member.hear();
  shmbus::Bus fresh = shmbus::Bus::open(name.name());
  CHECK(fresh.incarnation() != incarnation);
  CHECK_FALSE(fresh.removed());
  shmbus::Subscriber subscriber = fresh.subscriber("shared");
  shmbus::Publisher publisher = fresh.publisher("shared");
  CHECK(publisher.publish("new").sequence() == 1);
  member.say();
  CHECK(member.wait() == test::End{});
  CHECK(subscriber.poll([](const Event& event) { CHECK(event.text() == "new"); }) == 1);
}

TEST_CASE("a removed topic is read to its end, and its successor from its first event", "[removal]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Subscriber subscriber = bus.subscriber("t"), pattern = bus.subscriber("*");
  std::optional<shmbus::Publisher> publisher = bus.publisher("t");
  ForkedProcess other{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher own = member.publisher("t");
    parent.say();
    parent.hear();
    test::require(own.publish("x").status() == Status::closed, "publish to a removed topic");
    shmbus::Publisher again = member.publisher("t");
    test::require(again.publish("second").sequence() == 1, "publish to the new topic");
  }};
  other.hear();
  for (shmbus::Subscriber* s : {&subscriber, &pattern}) s->poll(ignore);  // from here on they have the topic mapped
  publisher->publish("first");
  const auto id = bus.find_topic("t")->id;
  CHECK(bus.remove_topic("t"));
  CHECK_FALSE(bus.remove_topic("t"));
  CHECK(publisher->publish("x").status() == Status::closed);
  CHECK_FALSE(bus.find_topic("t"));
  other.say();
  CHECK(other.wait() == test::End{});
  CHECK(bus.find_topic("t")->id != id);
  for (shmbus::Subscriber* s : {&subscriber, &pattern}) {
    std::string seen;
    while (s->poll([&](const Event& event) { seen += std::string{event.text()} + " "; }) != 0) {
    }
    CHECK_THAT(seen, Catch::Contains("first") && Catch::Contains("second"));
    CHECK(s->delivered() == 2);
    CHECK(s->lost() == 0);
  }
}

TEST_CASE("when a topic is removed and created at one time, all see the same topic, or none", "[removal]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  std::mt19937 random{Catch::rngSeed()};
  ForkedProcess remover{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    for (std::uint64_t delay = parent.hear(); delay != ~std::uint64_t{0}; delay = parent.hear()) {
      const auto until = std::chrono::steady_clock::now() + std::chrono::nanoseconds{delay};
      while (std::chrono::steady_clock::now() < until) {
      }
      member.remove_topic("t");
      parent.say();
    }
  }};
  for (unsigned round = 0; round < 1000 / test::slowness; ++round) {
    bus.topic("t");
    remover.say(random() % 50'000);
    for (int i = 0; i < 4; ++i) bus.topic("t");
    remover.hear();
    const auto found = bus.find_topic("t");
    const shmbus::Subscriber subscriber = bus.subscriber(">");
    const auto listed = shmbus::Inspector(name.name()).snapshot().topics.size();
    REQUIRE(subscriber.topics() == (found ? 1 : 0));
    REQUIRE(listed == (found ? 1 : 0));
  }
  remover.say(~std::uint64_t{0});
  CHECK(remover.wait() == test::End{});
}

TEST_CASE("when many open and remove a bus at one time, no member is left alone on a bus of its own", "[removal]") {
  const test::TemporaryBus name;
  std::vector<ForkedProcess> processes;
  for (unsigned i = 0; i < 6; ++i) {
    processes.emplace_back([&, seed = Catch::rngSeed() + i](const Parent&) {
      std::mt19937 random{seed};
      for (unsigned round = 0; round < 200 / test::slowness; ++round) {
        if (random() % 3 == 0) {
          shmbus::Bus::remove(name.name());
          continue;
        }
        try {
          shmbus::Bus bus = shmbus::Bus::open(name.name());
          shmbus::Subscriber subscriber = bus.subscriber("t", {.start = Start::oldest()});
          const Status status = bus.publisher("t").publish("x").status();
          test::require(status == Status::ok || (status == Status::closed && bus.removed()), to_string(status));
        } catch (const shmbus::Error& error) {
          test::require(error.code() == shmbus::ErrorCode::closed, error.what());
        }
      }
    });
  }
  for (ForkedProcess& process : processes) CHECK(process.wait() == test::End{});
  shmbus::Bus::remove(name.name());
  CHECK(test::Segments{name.name()}.all().empty());
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  CHECK(bus.publisher("t").publish("x").sequence() == 1);
}

TEST_CASE("a segment of an earlier bus whose registry was removed by hand is removed", "[removal]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  shmbus::Bus::open(name.name()).publisher("t").publish("stale");
  REQUIRE(::unlink(segments.registry().c_str()) == 0);
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  CHECK_FALSE(bus.find_topic("t"));
  CHECK(bus.publisher("t").publish("fresh").sequence() == 1);
}

TEST_CASE("a process that only wants to attach does not create a bus", "[removal]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  const auto attach = [&] { return shmbus::Bus::open(name.name(), {.create = false}); };
  const test::Refusal absent{.code = shmbus::ErrorCode::not_found, .object = name.name(), .found = "does not exist"};
  test::expect_refusal(absent, attach);
  CHECK(segments.all().empty());
  {
    const shmbus::Bus bus = shmbus::Bus::open(name.name());
    CHECK(attach().incarnation() == bus.incarnation());
  }
  shmbus::Bus::remove(name.name());
  test::expect_refusal(absent, attach);
  CHECK(segments.all().empty());
}
