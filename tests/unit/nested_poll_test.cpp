#include <catch2/catch.hpp>

#include "shmbus/error.hpp"
#include "shmbus/shmbus.hpp"
#include "support/temporary_bus.hpp"

TEST_CASE("a poll inside the Subscriber's own handler is refused by name, and the outer poll goes on",
          "[nested_poll]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t");
  shmbus::Subscriber subscriber = bus.subscriber("t"), other = bus.subscriber("t");
  publisher.publish("1");
  publisher.publish("2");
  const auto nothing = [](const shmbus::Event&) {};
  int refused = 0;
  const auto check_refused = [&] {
    try {
      subscriber.poll(nothing);
      FAIL_CHECK("a nested poll was not refused");
    } catch (const shmbus::Error& error) {
      ++refused;
      CHECK(error.code() == shmbus::ErrorCode::busy);
      CHECK_THAT(error.what(), Catch::Contains("nested poll") && Catch::Contains("'t'"));
    }
  };
  const std::size_t polled = subscriber.poll([&](const shmbus::Event& event) {
    check_refused();
    CHECK(event.text() == std::to_string(event.sequence()));
    // Another Subscriber's poll is allowed inside, but inside that poll this Subscriber's own is still refused.
    other.poll([&](const shmbus::Event&) { check_refused(); }, 1);
  });
  CHECK(polled == 2);
  CHECK(refused == 4);
  CHECK(subscriber.poll(nothing) == 0);
  CHECK(subscriber.delivered() == 2);

  publisher.publish("3");  // the exception passes through the outer poll
  CHECK_THROWS_AS(subscriber.poll([&](const shmbus::Event&) { subscriber.poll(nothing); }), shmbus::Error);
  publisher.publish("4");
  CHECK(subscriber.poll(nothing) == 1);
}
