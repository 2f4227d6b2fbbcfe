// One publisher at a time on an exclusive topic: a living one is never replaced, and a dead one is replaced at once.

#include <atomic>
#include <catch2/catch.hpp>
#include <optional>
#include <random>
#include <thread>

#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"
#include "support/shared_value.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using test::ForkedProcess;
using test::Parent;
using test::SelfChecking;

namespace {

const shmbus::TopicOptions exclusive{.block_size = 4096, .blocks = 16, .writers = shmbus::Writers::exclusive};

std::optional<shmbus::Error> refusal(shmbus::Bus& bus) {
  try {
    bus.publisher("t", exclusive);
    return std::nullopt;
  } catch (const shmbus::Error& error) {
    return error;
  }
}

}  // namespace

TEST_CASE("a second exclusive publisher is refused while the first lives, stopped or not", "[exclusive]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1ms});
  ForkedProcess first{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher publisher = member.publisher("t", exclusive);
    try {
      member.publisher("t");
      test::require(false, "a second publisher within the same process was accepted");
    } catch (const shmbus::Error& error) {
      test::require(error.code() == shmbus::ErrorCode::busy, error.what());
    }
    parent.say();
    parent.hear();
    test::require(publisher.publish("after having been stopped").sequence() == 1, "publish");
    parent.say();
    parent.hear();
  }};
  first.hear();
  const auto check = [&] {
    const auto error = refusal(bus);
    REQUIRE(error);
    CHECK(error->code() == shmbus::ErrorCode::busy);
    CHECK(error->object().find("'t'") != std::string::npos);
    CHECK(error->expected().find("exclusive") != std::string::npos);
    CHECK_THAT(error->found(), Catch::Contains("(pid " + std::to_string(first.pid()) + ")"));
    CHECK(!error->remedy().empty());
  };
  check();
  first.stop();
  std::this_thread::sleep_for(20ms);
  bus.reap();
  check();
  first.resume();
  first.say();
  first.hear();
  check();
  first.say();
  CHECK(first.wait() == test::End{});
  CHECK_FALSE(refusal(bus));
}

TEST_CASE("a killed exclusive publisher is replaced at once, and no event of it is lost", "[exclusive]") {
  const test::TemporaryBus name;
  const test::SharedValue<std::atomic<std::uint64_t>> last;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Subscriber subscriber = bus.subscriber("t", {.delivery = shmbus::Delivery::reliable});
  std::mt19937 random{Catch::rngSeed()};
  std::uint64_t seen = 0;
  for (unsigned round = 0; round < 200 / test::slowness; ++round) {
    ForkedProcess victim{[&](const Parent& parent) {
      shmbus::Bus member = shmbus::Bus::open(name.name());
      shmbus::Publisher publisher = member.publisher("t", exclusive);
      parent.say();
      for (std::uint64_t n = *last + 1;; ++n) {
        const auto result = SelfChecking::publish(publisher, n, 1 + n % 40);
        test::require(bool{result}, shmbus::to_string(result.status()));
        *last = result.sequence();
      }
    }};
    victim.hear();
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds{random() % 2'000};
    const auto read = [&](const shmbus::Event& event) {
      REQUIRE(event.sequence() == ++seen);
      REQUIRE(SelfChecking::whole(event.payload()));
    };
    while (std::chrono::steady_clock::now() < until) subscriber.poll(read);
    victim.kill();
    while (subscriber.poll(read) != 0) {
    }
    CHECK(seen >= *last);
    CHECK(seen <= *last + 1);  // it may have been killed between a commit and the report of it
    shmbus::Publisher next = bus.publisher("t");
    const auto result = SelfChecking::publish(next, round, 2);
    CHECK(result.sequence() == seen + 1);
    *last = result.sequence();
    while (subscriber.poll(read) != 0) {
    }
    CHECK(seen == *last);
  }
  CHECK(subscriber.lost() == 0);
}
