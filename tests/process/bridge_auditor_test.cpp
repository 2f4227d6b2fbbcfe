// The auditor and the check of streams, on which the tests of the bridge rely, notice what is wrong.

#include <catch2/catch.hpp>
#include <string>

#include "bridge_auditor.hpp"
#include "bridge_author.hpp"
#include "support/nats_server.hpp"
#include "support/temporary_bus.hpp"
#include "support/time_limits.hpp"

using test::Auditor;
using test::Book;
using test::Scripted;
using test::scripted;

namespace {

/// A bus, with an auditor of its events, that a test publishes to by hand.
struct Scene {
  void publish(const Scripted& event) {
    shmbus::PublishOptions options{.trace = event.trace, .key = event.key};
    for (const auto& [key, value] : event.headers) options.headers.push_back({key, value});
    REQUIRE(placed.publish(event.payload, options).status() == shmbus::Status::ok);
  }
  void publish_up_to(std::uint64_t number) {
    for (std::uint64_t i = 1; i <= number; ++i) publish(scripted("x.placed", i));
  }

  test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher placed = bus.publisher("x.placed");
  Auditor auditor{name.name()};
  const Book three{{"x.placed", 3}}, four{{"x.placed", 4}};
};

}  // namespace

TEST_CASE("the auditor is content with all events once", "[bridge]") {
  Scene scene;
  scene.publish_up_to(3);
  CHECK_NOTHROW(scene.auditor.check(scene.three));
}

TEST_CASE("the auditor notices an event that is missing, or one too many", "[bridge]") {
  Scene scene;
  scene.publish_up_to(2);
  scene.publish(scripted("x.placed", 4));
  CHECK_THROWS_WITH(scene.auditor.check(scene.four), Catch::Contains("x.placed #4 came where #3 was next"));
  Scene more;
  more.publish_up_to(4);
  CHECK_THROWS_WITH(more.auditor.check(more.three), Catch::Contains("ended with #4, the book has 3"));
}

TEST_CASE("the auditor notices an event that comes twice, unless it was counted as undecided", "[bridge]") {
  Scene scene;
  scene.publish_up_to(3);
  scene.publish(scripted("x.placed", 3));
  CHECK_THROWS_WITH(scene.auditor.check(scene.three), Catch::Contains("1 events came twice, the bridge counted 0"));
  CHECK_NOTHROW(scene.auditor.check(scene.three, 1));
  scene.publish(scripted("x.placed", 1));
  CHECK_THROWS_WITH(scene.auditor.check(scene.three, 9), Catch::Contains("x.placed #1 came where #4 was next"));
}

TEST_CASE("the auditor notices an event that is not as it was published", "[bridge]") {
  Scripted changed = scripted("x.placed", 10);
  SECTION("payload") { changed.payload.back() = static_cast<char>(changed.payload.back() + 1); }
  SECTION("key") { changed.key += 'x'; }
  SECTION("header") { changed.headers.back().second += 'x'; }
  SECTION("order of headers") { std::swap(changed.headers.front(), changed.headers.back()); }
  SECTION("trace") { changed.trace = scripted("x.seen", 1).trace; }
  Scene scene;
  scene.publish_up_to(9);
  scene.publish(changed);
  CHECK_THROWS_WITH(scene.auditor.check({{"x.placed", 10}}), Catch::Contains("x.placed #10 arrived different"));
}

TEST_CASE("the check of a stream notices a gap, a double, and a message without an event's description", "[bridge]") {
  if (!test::have_nats_server()) return;
  const test::NatsServer server;
  test::NatsClient client{server.url()};
  client.create_stream({.name = "shmbus_a", .subjects = {"shmbus.a.>"}});
  const auto publish = [&](std::uint64_t number, const std::string& version = "1.0") {
    const Scripted event = scripted("x.seen", number);
    client.publish("shmbus.a.x.seen", event.payload,
                   {{"ce-specversion", version},
                    {"ce-id", "0123456789abcdef-fedcba9876543210-1"},
                    {"ce-source", "shmbus://a/bus/machine"},
                    {"ce-type", "x.seen"},
                    {"ce-time", "2026-01-02T03:04:05.123456789Z"},
                    {"traceparent", event.trace->traceparent()}});
  };
  publish(1);
  CHECK_NOTHROW(test::check_stream(client, "a", "bus", {{"x.seen", 1}}));
  CHECK_THROWS_WITH(test::check_stream(client, "a", "other", {{"x.seen", 1}}),
                    Catch::Contains("not as CloudEvents say"));
  SECTION("gap") {
    publish(3);
    CHECK_THROWS_WITH(test::check_stream(client, "a", "bus", {{"x.seen", 2}}), Catch::Contains("#2 was next"));
  }
  SECTION("double") {
    publish(1);
    CHECK_THROWS_WITH(test::check_stream(client, "a", "bus", {{"x.seen", 1}}), Catch::Contains("#2 was next"));
  }
  SECTION("description") {
    publish(2, "0.3");
    CHECK_THROWS_WITH(test::check_stream(client, "a", "bus", {{"x.seen", 2}}),
                      Catch::Contains("not as CloudEvents say"));
  }
}
