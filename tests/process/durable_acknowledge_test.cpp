// Which events of a durable subscription are acknowledged, and when.

#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "durable_fixture.hpp"

using shmbus::Acknowledge;
using shmbus::ErrorCode;
using shmbus::Event;
using test::billing;
using test::billing_by_hand;
using test::DurableBus;
using test::from_to;
using test::poll_all;
using test::poll_once;
using test::publish;
using test::refused;
using test::Sequences;

TEST_CASE("the next poll acknowledges what the one before handed out", "[durable]") {
  DurableBus f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  publish(publisher, 3);
  {
    shmbus::Subscriber subscriber = f.bus.subscriber("t", billing);
    CHECK(poll_all(subscriber).empty());  // latest
    publish(publisher, 5);
    CHECK(poll_once(subscriber, 2) == Sequences{4, 5});
    CHECK(poll_once(subscriber, 2) == Sequences{6, 7});
  }
  publish(publisher, 1);
  shmbus::Subscriber next = f.bus.subscriber("t", billing);
  CHECK(poll_all(next) == Sequences{6, 7, 8, 9});
  CHECK(next.lost() == 0);
}

TEST_CASE("a poll for no event acknowledges, too", "[durable]") {
  DurableBus f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  {
    shmbus::Subscriber subscriber = f.bus.subscriber("t", billing);
    publish(publisher, 3);
    CHECK(poll_once(subscriber) == Sequences{1, 2, 3});
    CHECK(poll_once(subscriber, 0).empty());
  }
  shmbus::Subscriber next = f.bus.subscriber("t", billing);
  CHECK(poll_all(next).empty());
}

TEST_CASE("by hand, an acknowledgement covers all events before it", "[durable]") {
  DurableBus f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  std::optional<shmbus::RetainedEvent> kept;
  {
    shmbus::Subscriber subscriber = f.bus.subscriber("t", billing_by_hand);
    publish(publisher, 9);
    subscriber.poll([&](const Event& event) {
      if (event.sequence() == 4) CHECK(subscriber.acknowledge(event));
      if (event.sequence() == 6) kept.emplace(event.retain());
      if (event.sequence() == 3) CHECK(event.sequence() == 3);
    });
    CHECK(poll_once(subscriber).empty());  // acknowledges nothing
  }
  {
    shmbus::Subscriber subscriber = f.bus.subscriber("t", billing_by_hand);
    CHECK(poll_once(subscriber) == from_to(5, 9));
    CHECK(subscriber.acknowledge(**kept));
    CHECK(subscriber.acknowledge(**kept));
  }
  kept.reset();
  shmbus::Subscriber last = f.bus.subscriber("t", billing_by_hand);
  CHECK(poll_once(last) == from_to(7, 9));
}

TEST_CASE("only a durable subscriber acknowledges, and only what it handed out", "[durable]") {
  DurableBus f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  shmbus::Publisher other = f.bus.publisher("u");
  shmbus::Subscriber durable = f.bus.subscriber("t", billing_by_hand);
  shmbus::Subscriber plain = f.bus.subscriber(">");
  publish(publisher, 1);
  publish(other, 1);
  CHECK(plain.poll([&](const Event& event) {
    CHECK_FALSE(durable.acknowledge(event));
    refused(ErrorCode::invalid_option, "Subscriber '>'", "durable name", [&] { plain.acknowledge(event); });
  }) == 2);
  refused(ErrorCode::invalid_option, "standby", "", [&] { f.bus.subscriber("t", {.standby = true}); });
  refused(ErrorCode::invalid_option, "acknowledge", "",
          [&] { f.bus.subscriber("t", {.acknowledge = Acknowledge::manual}); });
  refused(ErrorCode::invalid_name, "durable name", "", [&] { f.bus.subscriber("t", {.durable = "a.b"}); });
  refused(ErrorCode::invalid_name, "durable name", "",
          [&] { f.bus.subscriber("t", {.durable = std::string(64, 'x')}); });
  refused(ErrorCode::invalid_option, "acknowledge", "", [&] {
    static_cast<void>(f.bus.subscribe(
        "t", [](const Event&) {}, billing_by_hand));
  });
}
