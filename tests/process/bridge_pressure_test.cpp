// What happens to the bus when the server is away for longer than the ring lasts.

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "bridge_auditor.hpp"
#include "bridge_author.hpp"
#include "bridge_fixture.hpp"
#include "support/nats_server.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using test::Auditor;
using test::Author;
using test::Bridge;
using test::in_rule;
using test::NatsClient;
using test::NatsServer;
using test::out_rule;
using test::TemporaryBus;

namespace {

const shmbus::TopicOptions small{.block_size = 4096, .blocks = 4};

}  // namespace

TEST_CASE("a reliable rule holds publishers back when the ring is used up in an outage, and they go on after it",
          "[bridge]") {
  if (!test::have_nats_server()) return;
  NatsServer server;
  NatsClient client{server.url()};
  const TemporaryBus near;
  shmbus::Bus bus = shmbus::Bus::open(near.name());
  Author author{bus, "video", small};
  Bridge out{{.name = "a", .bus = near.name(), .url = server.url(), .rules = out_rule(">")}};
  out.start();
  author.publish(300);
  test::check_stream(client, "a", near.name(), author.book());
  server.kill();
  test::wait_until("the bridge to notice", [&] { return out.metric("shmbus_nats_connected") == 0; });
  unsigned published = 0;
  while (author.try_publish()) {
    REQUIRE(++published < 100'000);
  }
  CHECK(published > 50);
#ifdef SHMBUS_TOOL
  const test::Finished who = test::run({SHMBUS_TOOL, "who", "--bus", near.name()});
  CHECK_THAT(who.out, Catch::Contains("bridge a"));
#endif
  const double unread = out.metric("shmbus_nats_out_unread_events");
  CHECK(unread >= published);
  CHECK(out.metric("shmbus_nats_out_lag_seconds") > 0);
  server.start();
  author.publish(3'000);
  test::check_stream(client, "a", near.name(), author.book());
  CHECK(out.metric("shmbus_nats_out_lost_total") == 0);
}

TEST_CASE("a lossy rule never holds a publisher back, and counts what it lost in an outage", "[bridge]") {
  if (!test::have_nats_server()) return;
  NatsServer server;
  NatsClient client{server.url()};
  const TemporaryBus near;
  shmbus::Bus bus = shmbus::Bus::open(near.name());
  Author author{bus, "video", small};
  Bridge out{{.name = "a", .bus = near.name(), .url = server.url(), .rules = out_rule(">", "delivery = 'lossy'")}};
  out.start();
  author.publish(30);
  test::check_stream(client, "a", near.name(), author.book());
  server.kill();
  test::wait_until("the bridge to notice", [&] { return out.metric("shmbus_nats_connected") == 0; });
  std::uint64_t published = 30;
  for (; published < 3'000; ++published) REQUIRE(author.try_publish());
  server.start();
  test::wait_until("the events that were left", [&] {
    return client.stream("shmbus_a")->messages + static_cast<std::uint64_t>(out.metric("shmbus_nats_out_lost_total")) ==
           published;
  });
  const double lost = out.metric("shmbus_nats_out_lost_total");
  CHECK(lost > 1'000);
  // In order, and no event twice.
  std::uint64_t last = 0;
  for (const test::StoredMessage& message : client.read_stream("shmbus_a")) {
    if (message.header("ce-type") != "video.seen") continue;
    const std::uint64_t number = *test::number_in("video.seen", message.payload);
    CHECK(number > last);
    last = number;
  }
  CHECK(last == author.book().at("video.seen"));
  CHECK_THAT(out.log(), Catch::Contains("lost to NATS"));
}

TEST_CASE("a subscriber of the far bus that holds publishers back holds the bridge back, and nothing is lost",
          "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  const TemporaryBus near, far;
  shmbus::Bus bus = shmbus::Bus::open(near.name());
  shmbus::Bus other = shmbus::Bus::open(far.name());
  other.topic("video.seen", small);
  shmbus::Subscriber slow = other.subscriber("video.seen", {.delivery = shmbus::Delivery::reliable});
  Author author{bus, "video"};
  Bridge out{{.name = "a", .bus = near.name(), .url = server.url(), .rules = out_rule(">")}};
  Bridge in{{.name = "b", .bus = far.name(), .url = server.url(), .rules = in_rule("'a'")}};
  out.start();
  in.start_receiving();
  author.publish(3'000);
  in.wait_for_metric("shmbus_nats_in_held_back", 1);
  in.wait_for_metric("shmbus_nats_in_held_back_seconds_total", 0.2);
  std::uint64_t next = 1;
  test::wait_until("all events", [&] {
    slow.poll([&](const shmbus::Event& event) { CHECK(test::number_in("video.seen", event.text()) == next++); });
    return next == 1'001;
  });
  test::wait_until("the bridge to go on", [&] { return in.metric("shmbus_nats_in_held_back") == 0; });
  in.wait_for_metric("shmbus_nats_in_published_total", 3'000);
  CHECK(slow.lost() == 0);
}
