// What the server refuses: one clear line each, the bridge goes on by itself once the cause is gone, and no event is lost.

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "bridge_pair.hpp"
#include "support/nats_server.hpp"
#include "support/time_limits.hpp"
#include "support/tls_files.hpp"

using namespace std::chrono_literals;
using test::Author;
using test::Bridge;
using test::BridgePair;
using test::End;
using test::NatsClient;
using test::NatsServer;
using test::out_rule;
using test::StreamOptions;
using test::TemporaryBus;

namespace {

/// Waits for a line of the log with these words. While its cause lasts, it is not repeated, and health says the same.
void check_told_once(const Bridge& bridge, const std::string& words) {
  bridge.wait_for(words);
  std::this_thread::sleep_for(2s);
  INFO(bridge.log());
  CHECK(bridge.count(words) == 1);
  CHECK_THAT(bridge.health(), Catch::Contains(words));
}

/// A bus with events that were published before the bridge began.
struct Waiting {
  TemporaryBus near;
  shmbus::Bus bus = shmbus::Bus::open(near.name());
  Author author{bus, "video"};

  Waiting() { author.publish(300); }
  test::BridgeSettings settings(const std::string& url, const std::string& nats = {}) const {
    return {.name = "a", .bus = near.name(), .url = url, .rules = out_rule("video.>", "start = 'all'"), .nats = nats};
  }
  void check(NatsClient& client) {
    author.publish(300);
    test::check_stream(client, "a", near.name(), author.book());
  }
};

}  // namespace

TEST_CASE("a stream that is full takes nothing until there is room again, and then everything", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  NatsClient client{server.url()};
  BridgePair pair{server.url(), "max_bytes = 200000"};
  pair.author.publish(900);
  check_told_once(pair.out, "stream shmbus_a: events can't be sent: ");
  CHECK_THAT(pair.out.log(), Catch::Contains("maximum bytes exceeded"));
  CHECK(pair.out.metric("shmbus_nats_out_refused_total") > 0);
  // Only what the far bus has is removed: the bridge may send at any moment.
  test::wait_until("the stream to take everything", [&] {
    client.purge_stream("shmbus_a", static_cast<std::uint64_t>(pair.in.metric("shmbus_nats_in_stream_sequence")));
    std::this_thread::sleep_for(200ms);
    return pair.out.metric("shmbus_nats_out_acknowledged_total") == 900;
  });
  pair.auditor.check(pair.author.book());
  CHECK_THAT(pair.out.health(), Catch::StartsWith("ok"));
}

TEST_CASE("a server whose store is full gets everything once there is room again", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server{{.max_store = 2'000'000}};
  NatsClient client{server.url()};
  client.create_stream({.name = "other", .subjects = {"other.>"}});
  for (int i = 0; i < 19; ++i) client.publish("other.large", std::string(100'000, 'x'));
  Waiting waiting;
  waiting.author.publish(900);
  Bridge out{waiting.settings(server.url())};
  out.launch();
  check_told_once(out, "stream shmbus_a: events can't be sent: ");
  CHECK_THAT(out.log(), Catch::Contains("resource"));
  client.delete_stream("other");
  waiting.check(client);
}

TEST_CASE("a stream that is deleted under the bridge is made again, and the far bus gets every event", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  NatsClient client{server.url()};
  BridgePair pair{server.url()};
  pair.author.publish(300);
  pair.auditor.wait_for(pair.author.book());
  pair.out.wait_for_metric("shmbus_nats_out_acknowledged_total", 300);
  client.delete_stream("shmbus_a");
  pair.author.publish(300);
  pair.out.wait_for("made the stream shmbus_a", 2);
  pair.auditor.check(pair.author.book());
}

TEST_CASE("a consumer that is deleted under the bridge is made again", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  NatsClient client{server.url()};
  BridgePair pair{server.url()};
  pair.author.publish(300);
  pair.auditor.wait_for(pair.author.book());
  REQUIRE(client.consumers("shmbus_a").size() == 1);
  CHECK(client.consumers("shmbus_a").front().name == "b");
  client.delete_consumer("shmbus_a", "b");
  pair.author.publish(300);
  pair.check(client);
}

TEST_CASE("messages that leave the stream before they are received are counted as lost", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  NatsClient client{server.url()};
  BridgePair pair{server.url()};
  pair.author.publish(300);
  pair.check(client);
  CHECK(pair.in.stop() == End{});
  pair.author.publish(300);
  pair.out.wait_for_metric("shmbus_nats_out_acknowledged_total", 600);
  client.purge_stream("shmbus_a");
  pair.in.start();
  pair.author.publish(3);
  pair.in.wait_for_metric("shmbus_nats_in_published_total", 3);
  CHECK(pair.in.metric("shmbus_nats_in_lost_total") == 300);
}

TEST_CASE("a wrong password is logged in one line, and a right one is taken without a restart", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server{{.user = "bridge", .password = "right"}};
  NatsClient client{server.url(), {.user = "bridge", .password = "right"}};
  Waiting waiting;
  const test::TemporaryFolder folder;
  const std::string file = folder.write("password", "wrong\n");
  Bridge out{waiting.settings(server.url(), "user = 'bridge'\npassword_file = '" + file + "'")};
  out.launch();
  check_told_once(out, "NATS can't be reached at " + server.url() + ": ");
  CHECK_THAT(out.log(), Catch::Contains("Authorization Violation", Catch::CaseSensitive::No));
  folder.write("password", "right\n");
  waiting.check(client);
}

TEST_CASE("a password in an address is used, and never logged", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server{{.user = "bridge", .password = "right"}};
  NatsClient client{server.url(), {.user = "bridge", .password = "right"}};
  Waiting waiting;
  const std::string address = server.url().substr(std::string{"nats://"}.size());
  Bridge out{waiting.settings("nats://bridge:wrong-word@" + address)};
  out.launch();
  out.wait_for("NATS can't be reached at ");
  CHECK_THAT(out.log() + out.health() + out.metrics(), !Catch::Contains("wrong-word"));
  CHECK(out.stop() == End{});
  out.settings().url = "nats://bridge:right@" + address;
  out.write();
  out.start();
  waiting.check(client);
  CHECK_THAT(out.log() + out.health(), !Catch::Contains("bridge:right"));
}

TEST_CASE("a server of another authority is refused in one line, and one's own is taken once the file is right",
          "[bridge]") {
  if (!test::have_nats_server() || !test::have_openssl()) return;
  const test::TemporaryFolder folder;
  const test::TlsFiles own = test::make_tls_files(folder, "own"), other = test::make_tls_files(folder, "other");
  const NatsServer server{{.tls = own, .verify_clients = true}};
  NatsClient client{server.url(), {.ca = own.ca, .certificate = own.certificate, .key = own.key}};
  Waiting waiting;
  const auto nats = [&](const test::TlsFiles& trusted, const test::TlsFiles& shown) {
    return "ca = '" + trusted.ca + "'\ncertificate = '" + shown.certificate + "'\nkey = '" + shown.key + "'";
  };
  Bridge out{waiting.settings(server.url(), nats(other, own))};
  out.launch();
  check_told_once(out, "NATS can't be reached at " + server.url() + ": ");
  CHECK_THAT(out.log(),
             Catch::Contains("certificate verify failed") || Catch::Contains("SSL", Catch::CaseSensitive::No));
  const std::size_t before = out.log().size();
  out.settings().nats = nats(own, other);
  out.write();
  out.signal(SIGHUP);
  test::wait_until("the server to refuse the certificate",
                   [&] { return out.log().find("NATS can't be reached at", before) != std::string::npos; });
  out.settings().nats = nats(own, own);
  out.write();
  out.signal(SIGHUP);
  out.wait_until_connected();
  waiting.check(client);
}

TEST_CASE("a stream of that name with other options is logged in one line, with each difference, and not touched",
          "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  NatsClient client{server.url()};
  Waiting waiting;
  client.create_stream({.name = "shmbus_a", .subjects = {"elsewhere.>"}, .memory = true, .discard_new = false});
  client.publish("elsewhere.x", "precious");
  Bridge out{waiting.settings(server.url(), "max_bytes = 1000000")};
  out.launch();
  check_told_once(out, "stream shmbus_a: ");
  for (const char* words : {"subjects: expected shmbus.a.>, found elsewhere.>", "storage: expected file, found memory",
                            "discard: expected new, found old", "max_bytes: expected 1000000, found none"}) {
    CHECK_THAT(out.log(), Catch::Contains(words));
  }
  CHECK(client.read_stream("shmbus_a").size() == 1);
  client.delete_stream("shmbus_a");
  waiting.check(client);
}

TEST_CASE("a server without JetStream is logged in one line", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server{{.jetstream = false}};
  Waiting waiting;
  Bridge out{waiting.settings(server.url())};
  out.launch();
  out.wait_for("JetStream");
  std::this_thread::sleep_for(2s);
  CHECK(out.running());
  CHECK_THAT(out.health(), !Catch::StartsWith("ok"));
}

TEST_CASE("more replicas than the server has are logged in one line", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  Waiting waiting;
  Bridge out{waiting.settings(server.url(), "replicas = 3")};
  out.launch();
  check_told_once(out, "stream shmbus_a can't be made: ");
}

TEST_CASE("a stream that another bus writes is refused, and taken over where that is asked for", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  NatsClient client{server.url()};
  {
    Waiting waiting;
    Bridge out{waiting.settings(server.url())};
    out.start();
    waiting.check(client);
  }
  Waiting waiting;
  Bridge out{waiting.settings(server.url())};
  out.launch();
  check_told_once(out, "stream shmbus_a: expected to be written by the bus " + waiting.near.name());
  CHECK(client.stream("shmbus_a")->messages == 600);
  CHECK(out.stop() == End{});
  out.launch({}, {}, {"--take-over"});
  waiting.author.publish(300);
  test::wait_until("the stream", [&] { return client.stream("shmbus_a")->messages == 1'200; });
}

TEST_CASE("an event that is larger than the server takes is left out, told and counted", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server{{.lines = "max_payload: 10000\n"}};
  NatsClient client{server.url()};
  Waiting waiting;
  shmbus::Publisher large = waiting.bus.publisher("video.large");
  large.publish(std::string(20'000, 'x'));
  Bridge out{waiting.settings(server.url())};
  out.start();
  waiting.check(client);
  CHECK(out.metric("shmbus_nats_out_too_large_total") == 1);
  CHECK_THAT(out.log(), Catch::Contains("topic video.large: an event can't be sent"));
}

TEST_CASE("a message that is no bridge's is left out on the far bus, told and counted", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  NatsClient client{server.url()};
  client.create_stream({.name = "shmbus_x", .subjects = {"shmbus.x.>"}});
  client.publish("shmbus.x.video.seen", "hello");
  const TemporaryBus far;
  const shmbus::Bus bus = shmbus::Bus::open(far.name());
  Bridge in{{.name = "b", .bus = far.name(), .url = server.url(), .rules = test::in_rule("'x'", ">", "start = 'all'")}};
  in.start();
  in.wait_for_metric("shmbus_nats_in_undeliverable_total", 1);
  CHECK(in.metric("shmbus_nats_in_published_total") == 0);
  CHECK_THAT(in.log(), Catch::Contains("origin x: an event can't come in: "));
}
