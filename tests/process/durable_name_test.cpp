// The names of durable subscriptions: who holds them, what they keep, and what is left when they are forgotten.

#include <unistd.h>

#include <catch2/catch.hpp>
#include <optional>

#include "durable_fixture.hpp"
#include "shmbus/inspector.hpp"
#include "support/segments.hpp"

using shmbus::ErrorCode;
using shmbus::Event;
using shmbus::Start;
using test::billing;
using test::billing_by_hand;
using test::DurableBus;
using test::from_to;
using test::poll_all;
using test::publish;
using test::refused;

TEST_CASE("one subscriber holds a name; another's error names that process", "[durable]") {
  DurableBus f;
  f.bus.topic("t");
  std::optional<shmbus::Subscriber> holder(f.bus.subscriber("t", billing));
  shmbus::Bus other = shmbus::Bus::open(f.name.name());
  refused(ErrorCode::busy, "durable subscription 'billing'", "pid " + std::to_string(::getpid()),
          [&] { other.subscriber("t", billing); });
  refused(ErrorCode::busy, "durable subscription 'billing'", "", [&] { f.bus.subscriber("t", billing); });
  refused(ErrorCode::busy, "durable subscription 'billing'", "", [&] { f.bus.forget("billing"); });
  shmbus::Subscriber another = other.subscriber("t", {.durable = "shipping"});
  holder.reset();
  shmbus::Subscriber next = other.subscriber("t", billing);
}

TEST_CASE("a name keeps its pattern", "[durable]") {
  DurableBus f;
  { shmbus::Subscriber first = f.bus.subscriber("t.*", billing); }
  refused(ErrorCode::invalid_option, "durable subscription 'billing'", "expected its pattern 't.*', found 't.>'",
          [&] { f.bus.subscriber("t.>", billing); });
  CHECK(f.bus.forget("billing"));
  shmbus::Subscriber next = f.bus.subscriber("t.>", billing);
}

TEST_CASE("a forgotten name begins anew, and leaves no file", "[durable]") {
  DurableBus f;
  const test::Segments segments(f.name.name());
  shmbus::Publisher publisher = f.bus.publisher("t");
  publish(publisher, 5);
  CHECK_FALSE(f.bus.forget("billing"));
  const std::size_t before = segments.all().size();
  {
    shmbus::Subscriber first = f.bus.subscriber("t", {.start = Start::oldest(), .durable = "billing"});
    CHECK(poll_all(first) == from_to(1, 5));
  }
  CHECK(segments.all().size() == before + 2);
  CHECK(f.bus.forget("billing"));
  CHECK(segments.all().size() == before);
  CHECK_FALSE(f.bus.forget("billing"));
  shmbus::Subscriber again = f.bus.subscriber("t", {.start = Start::oldest(), .durable = "billing"});
  CHECK(poll_all(again) == from_to(1, 5));
  refused(ErrorCode::invalid_name, "durable name", "", [&] { f.bus.forget("a b"); });
}

TEST_CASE("an inspector shows who holds a name, and how far it is behind", "[durable]") {
  DurableBus f;
  shmbus::Publisher a = f.bus.publisher("t.a", {.block_size = 4096, .blocks = 4});
  shmbus::Publisher other = f.bus.publisher("u");
  shmbus::Inspector inspector(f.name.name());
  CHECK(inspector.durables().empty());
  {
    shmbus::Subscriber holder = f.bus.subscriber("t.*", billing_by_hand);
    publish(a, 5);
    holder.poll([&](const Event& event) {
      if (event.sequence() == 3) holder.acknowledge(event);
    });
    shmbus::Publisher b = f.bus.publisher("t.b");
    publish(b, 2);
    const auto held = inspector.durables();
    REQUIRE(held.size() == 1);
    CHECK(held[0].name == "billing");
    CHECK(held[0].pattern == "t.*");
    CHECK(held[0].held);
    CHECK(held[0].pid == ::getpid());
    CHECK(held[0].behind == 4);
    REQUIRE(held[0].topics.size() == 2);
    CHECK(held[0].topics[0].topic == "t.a");
    CHECK(held[0].topics[0].acknowledged == 3);
    CHECK(held[0].topics[0].behind == 2);
    CHECK(held[0].topics[1].behind == 2);
    const auto subscriptions = inspector.snapshot().subscriptions;
    REQUIRE(subscriptions.size() == 1);
    CHECK((subscriptions[0].durable && !subscriptions[0].standing_by));
  }
  publish(a, 3000);
  const auto left = inspector.durables();
  REQUIRE(left.size() == 1);
  CHECK_FALSE(left[0].held);
  CHECK(left[0].pid == 0);
  CHECK(left[0].topics[0].behind == 3002);
  CHECK(left[0].dropped > 0);
  shmbus::Subscriber next = f.bus.subscriber("t.*", billing_by_hand);
  poll_all(next);
  CHECK(next.lost() == left[0].dropped);
}
