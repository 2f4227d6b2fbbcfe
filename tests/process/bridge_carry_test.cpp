// Events go from one bus through a server to another, and arrive as they were.

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "bridge_auditor.hpp"
#include "bridge_author.hpp"
#include "bridge_fixture.hpp"
#include "support/nats_server.hpp"
#include "support/nats_stream.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using test::Auditor;
using test::Author;
using test::Bridge;
using test::End;
using test::in_rule;
using test::NatsClient;
using test::NatsServer;
using test::out_rule;
using test::TemporaryBus;

TEST_CASE("events of typed, keyed and traced topics arrive at the far bus once, in order, and as they were",
          "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  const TemporaryBus near, far;
  shmbus::Bus bus = shmbus::Bus::open(near.name());
  Auditor auditor{far.name()};
  Bridge out{{.name = "a", .bus = near.name(), .url = server.url(), .rules = out_rule("video.>")}};
  Bridge in{{.name = "b", .bus = far.name(), .url = server.url(), .rules = in_rule("'a'")}};
  out.start();
  in.start_receiving();
  Author author{bus, "video"};
  Author private_author{bus, "private"};
  private_author.publish(30);
  author.publish(21'000 / test::slowness);
  auditor.check(author.book());
  CHECK(auditor.hops("video.seen") == "a");
  NatsClient client{server.url()};
  test::check_stream(client, "a", near.name(), author.book());
  const double events = 21'000.0 / test::slowness;
  out.wait_for_metric("shmbus_nats_out_acknowledged_total", events);
  CHECK(out.metric("shmbus_nats_out_lost_total") == 0);
  CHECK(in.metric("shmbus_nats_in_published_total") == events);
  CHECK(in.metric("shmbus_nats_in_undecided_total") == 0);
  CHECK(in.metric("shmbus_nats_in_duplicates_total") == 0);
  CHECK(in.stop() == End{});
  CHECK(out.stop() == End{});
}

TEST_CASE("a subscriber of one type at the far bus gets the values", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  const TemporaryBus near, far;
  shmbus::Bus bus = shmbus::Bus::open(near.name());
  shmbus::Bus other = shmbus::Bus::open(far.name());
  auto subscriber = other.subscriber<test::Watched>("video.watched", {.start = shmbus::Start::oldest()});
  Bridge out{{.name = "a", .bus = near.name(), .url = server.url(), .rules = out_rule("video.>")}};
  Bridge in{{.name = "b", .bus = far.name(), .url = server.url(), .rules = in_rule("'a'")}};
  out.start();
  in.start_receiving();
  Author author{bus, "video"};
  author.publish(300);
  std::uint64_t count = 0;
  test::wait_until("all values", [&] {
    subscriber.poll([&](const test::Watched& value) { CHECK(value.number == ++count); });
    return count == 100;
  });
  const auto here = bus.find_topic("video.watched"), there = other.find_topic("video.watched");
  REQUIRE((here && there));
  CHECK(there->type().name == here->type().name);
  CHECK(there->type().hash() == here->type().hash());
  CHECK_THROWS(other.publisher("video.watched"));
}

TEST_CASE("events come in under another name where a rule says so", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  const TemporaryBus near, far;
  shmbus::Bus bus = shmbus::Bus::open(near.name());
  Auditor auditor{far.name(), "from.a.>", "from.a."};
  Bridge out{{.name = "a", .bus = near.name(), .url = server.url(), .rules = out_rule(">")}};
  Bridge in{{.name = "b",
             .bus = far.name(),
             .url = server.url(),
             .rules = in_rule("'*'", "video.>", "into = 'from.{origin}.{topic}'")}};
  out.start();
  in.start_receiving();
  Author author{bus, "video"}, other{bus, "other"};
  other.publish(30);
  author.publish(300);
  auditor.check(author.book());
  shmbus::Bus there = shmbus::Bus::open(far.name());
  CHECK(!there.find_topic("from.a.other.seen"));
}

TEST_CASE("a bridge that starts again goes on where the stream ends, and the far one where it stopped", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  const TemporaryBus near, far;
  shmbus::Bus bus = shmbus::Bus::open(near.name());
  Auditor auditor{far.name()};
  Bridge out{{.name = "a", .bus = near.name(), .url = server.url(), .rules = out_rule(">")}};
  Bridge in{{.name = "b", .bus = far.name(), .url = server.url(), .rules = in_rule("'a'")}};
  Author author{bus, "video"};
  out.start();
  in.start_receiving();
  for (int round = 0; round < 3; ++round) {
    author.publish(900);
    auditor.wait_for(author.book());
    CHECK(out.stop() == End{});
    CHECK(in.stop() == End{});
    author.publish(600);
    out.start();
    in.start();
  }
  auditor.check(author.book());
  NatsClient client{server.url()};
  test::check_stream(client, "a", near.name(), author.book());
}

TEST_CASE("a bus that was made anew is carried on into the same stream", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  const TemporaryBus near;
  NatsClient client{server.url()};
  Bridge out{{.name = "a", .bus = near.name(), .url = server.url(), .rules = out_rule(">", "start = 'all'")}};
  out.launch();
  out.wait_for("waits for the bus");
  for (std::uint64_t round = 1; round <= 2; ++round) {
    shmbus::Bus bus = shmbus::Bus::open(near.name());
    Author author{bus, "video"};
    author.publish(300);
    test::wait_until("the events in the stream", [&] {
      const auto state = client.stream("shmbus_a");
      return state && state->messages == 300 * round;
    });
    shmbus::Bus::remove(near.name());
    out.wait_for("was removed", round);
  }
  CHECK(out.stop() == End{});
}

TEST_CASE("an out-rule starts with new events, with all, or with those of a time", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  const TemporaryBus near;
  shmbus::Bus bus = shmbus::Bus::open(near.name());
  NatsClient client{server.url()};
  Author author{bus, "video"};
  author.publish(30);
  std::this_thread::sleep_for(1500ms);
  author.publish(30);
  const auto first_stored = [&](const std::string& name, const std::string& start, std::uint64_t count) {
    Bridge out{
        {.name = name, .bus = near.name(), .url = server.url(), .rules = out_rule(">", "start = '" + start + "'")}};
    out.start();
    if (start == "new") {
      std::this_thread::sleep_for(300ms);
      author.publish(3);
    }
    test::wait_until("the stream of " + name, [&] {
      const auto state = client.stream("shmbus_" + name);
      return state && state->messages >= count;
    });
    const auto all = client.read_stream("shmbus_" + name);
    CHECK(all.size() == count);
    return test::number_in("video.seen", [&] {
      for (const auto& message : all)
        if (message.header("ce-type") == "video.seen") return message.payload;
      return std::string{};
    }());
  };
  CHECK(first_stored("all", "all", 60) == 1);
  CHECK(first_stored("age", "1200ms", 30) == 11);
  CHECK(first_stored("new", "new", 3) == 21);
}

TEST_CASE("an in-rule starts with new events, with all, or with those of a time", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  const TemporaryBus near;
  shmbus::Bus bus = shmbus::Bus::open(near.name());
  Bridge out{{.name = "a", .bus = near.name(), .url = server.url(), .rules = out_rule(">")}};
  out.start();
  Author author{bus, "video"};
  author.publish(30);
  std::this_thread::sleep_for(1500ms);
  author.publish(30);
  out.wait_for_metric("shmbus_nats_out_acknowledged_total", 60);
  const auto first_arrived = [&](const std::string& name, const std::string& start) {
    const TemporaryBus far;
    Auditor auditor{far.name()};
    auditor.begins_anywhere();
    Bridge in{{.name = name,
               .bus = far.name(),
               .url = server.url(),
               .rules = in_rule("'a'", ">", "start = '" + start + "'")}};
    in.start();
    in.wait_for("receives ");
    if (start == "new") author.publish(3);
    auditor.check(author.book());
    return auditor.first("video.seen");
  };
  CHECK(first_arrived("all", "all") == 1);
  CHECK(first_arrived("age", "1200ms") == 11);
  CHECK(first_arrived("new", "new") == 21);
}
