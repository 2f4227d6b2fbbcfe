// shmbus-nats as a service: its configuration, what it reports to a service manager, its metrics and its health.

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "bridge_pair.hpp"
#include "support/http_get.hpp"
#include "support/nats_server.hpp"
#include "support/notify_socket.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using test::Auditor;
using test::Author;
using test::Bridge;
using test::BridgePair;
using test::End;
using test::in_rule;
using test::NatsClient;
using test::NatsServer;
using test::out_rule;
using test::TemporaryBus;

namespace {

test::Finished shmbus_nats(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), SHMBUS_BRIDGE);
  return test::run(std::move(arguments));
}

/// An address where nothing listens.
const std::string nowhere = "nats://127.0.0.1:9";

}  // namespace

TEST_CASE("shmbus-nats refuses wrong arguments and configurations, and reports each mistake on its own line",
          "[bridge][bad_input]") {
  CHECK(shmbus_nats({"--nonsense"}).end == End{.status = 2});
  CHECK(shmbus_nats({"--version"}).end == End{});
  CHECK(shmbus_nats({"--check", "-c", "/nowhere/at/all.toml"}).end == End{.status = 2});
  const TemporaryBus near;
  const Bridge good{{.name = "a", .bus = near.name(), .url = nowhere, .rules = out_rule(">")}};
  const test::Finished checked = shmbus_nats({"--check", "-c", good.file()});
  CHECK(checked.end == End{});
  CHECK(checked.err == "");
  CHECK(!shmbus::Bus::remove(near.name()));  // it has not touched the bus
  const Bridge bad{
      {.name = "a b", .bus = near.name(), .url = "http://x", .rules = "[[in]]\nfrom = ['c']\ntopic = '>'\n"}};
  const bool check = GENERATE(false, true);
  std::vector<std::string> arguments{"-c", bad.file()};
  if (check) arguments.push_back("--check");
  const test::Finished refused = shmbus_nats(arguments);
  CHECK(refused.end == End{.status = 2});
  CHECK(refused.out == "");
  INFO(refused.err);
  const std::string place = bad.file() + ":\\d+:\\d+: ";
  CHECK(std::regex_search(refused.err, std::regex{place + "name: expected "}));
  CHECK(std::regex_search(refused.err, std::regex{place + "nats\\.urls[^:]*: expected "}));
  CHECK(std::regex_search(refused.err, std::regex{place + "in[^:]*topic: "}));
  CHECK(std::regex_match(refused.err, std::regex{"(" + place + "[^\n]+\n)+"}));
}

TEST_CASE("shmbus-nats notifies the service manager when it is ready, reloads, and stops", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  const TemporaryBus near;
  const shmbus::Bus bus = shmbus::Bus::open(near.name());
  const test::NotifySocket manager{"@" + near.name()};
  Bridge bridge{{.name = "a", .bus = near.name(), .url = server.url(), .rules = out_rule(">")}};
  bridge.launch({manager.variable()});
  const auto wait_for = [&](const std::string& text) {
    std::string last;
    test::wait_until(text + "; last: " + last,
                     [&] { return (last = manager.receive()).find(text) != std::string::npos; });
  };
  wait_for("READY=1");
  wait_for("STATUS=");
  bridge.wait_until_connected();
  bridge.signal(SIGHUP);
  wait_for("RELOADING=1");
  wait_for("READY=1");
  bridge.signal(SIGTERM);
  wait_for("STOPPING=1");
  CHECK(bridge.wait() == End{});
}

TEST_CASE("SIGHUP makes shmbus-nats read its configuration again, and a bad one changes nothing", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  NatsClient client{server.url()};
  BridgePair pair{server.url()};
  pair.author.publish(300);
  pair.auditor.wait_for(pair.author.book());
  Author other{pair.bus, "other"};
  other.publish(30);

  pair.out.settings().rules = out_rule("video.>", "delivery = 'sometimes'");
  pair.out.write();
  pair.out.signal(SIGHUP);
  pair.out.wait_for("the configuration stays as it was");
  CHECK_THAT(pair.out.log(), Catch::Contains("delivery: expected \"reliable\" or \"lossy\""));
  pair.author.publish(300);
  pair.auditor.wait_for(pair.author.book());
  CHECK(pair.out.count("connected to ") == 1);

  // A rule more: the bridge begins anew, without a gap in the topics that it had.
  pair.out.settings().rules = out_rule("video.>") + out_rule("other.>");
  pair.out.write();
  test::BusyAuthor busy{pair.author, 3'000};
  pair.out.signal(SIGHUP);
  pair.out.wait_for("the bridge begins anew");
  pair.out.wait_for("connected to ", 2);
  busy.stop();
  pair.out.wait_for_metric("shmbus_nats_out_acknowledged_total", 600);
  other.publish(300);
  test::Book all = pair.author.book();
  pair.auditor.begins_anywhere();
  for (const auto& [topic, count] : other.book()) all[topic] = count;
  pair.auditor.check(all);

  // Only the place of the metrics: the bridge goes on.
  const std::string socket = "unix:" + pair.out.folder().file("metrics.sock");
  pair.out.settings().listen = socket;
  pair.out.write();
  pair.out.signal(SIGHUP);
  pair.out.wait_for("the bridge goes on");
  CHECK(test::http_get(socket).status == 200);
  CHECK(pair.out.count("connected to ") == 2);
  CHECK(pair.out.stop() == End{});
}

TEST_CASE("a bridge whose bus does not exist, or whose server is away, is ready and waits", "[bridge]") {
  const TemporaryBus near;
  Bridge bridge{{.name = "a", .bus = near.name(), .url = nowhere, .rules = out_rule(">")}};
  bridge.launch();
  bridge.wait_for("waits for the bus " + near.name());
  CHECK(bridge.metric("shmbus_nats_bus_open") == 0);
  CHECK_THAT(bridge.health(), Catch::StartsWith("ok: waits for the bus"));
  const shmbus::Bus bus = shmbus::Bus::open(near.name());
  bridge.wait_for("NATS can't be reached at " + nowhere + ": ");
  CHECK(bridge.metric("shmbus_nats_bus_open") == 1);
  CHECK(bridge.metric("shmbus_nats_connected") == 0);
  bridge.wait_for_metric("shmbus_nats_connect_failures_total", 2);
  CHECK_THAT(bridge.health(), Catch::Contains("NATS can't be reached"));
  CHECK(bridge.stop() == End{});
}

TEST_CASE("the metrics of a bridge have their values, and the manual page names each", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  NatsClient client{server.url()};
  BridgePair pair{server.url()};
  pair.author.publish(3'000);
  pair.check(client);
  pair.out.wait_for_metric("shmbus_nats_out_acknowledged_total", 3'000);
  CHECK(pair.out.metric("shmbus_nats_out_sent_total") == 3'000);
  CHECK(pair.out.metric("shmbus_nats_out_in_flight_messages") == 0);
  CHECK(pair.out.metric("shmbus_nats_out_unread_events") == 0);
  CHECK(pair.out.metric("shmbus_nats_out_lag_seconds") == 0);
  CHECK(pair.out.metric("shmbus_nats_out_refused_total") == 0);
  CHECK(pair.out.metric("shmbus_nats_connected") == 1);
  CHECK(pair.out.metric("shmbus_nats_connects_total") == 1);
  CHECK(pair.in.metric("shmbus_nats_in_received_total") == 3'000);
  CHECK(pair.in.metric("shmbus_nats_in_published_total") == 3'000);
  CHECK(pair.in.metric("shmbus_nats_in_stream_sequence") == 3'000);
  CHECK(pair.in.metric("shmbus_nats_in_waiting_messages") == 0);
  CHECK_THAT(pair.in.metrics(), Catch::Contains("shmbus_nats_in_published_total{bridge=\"b\",bus=\"" + pair.far.name() +
                                                "\",origin=\"a\"} 3000\n"));
  CHECK_THAT(pair.out.health(), Catch::StartsWith("ok: connected to " + server.url()));

  std::ifstream file{SHMBUS_BRIDGE_SOURCES "/shmbus-nats.8"};
  std::string page{std::istreambuf_iterator<char>{file}, {}};
  page = std::regex_replace(page, std::regex{R"(\\-)"}, "-");
  const std::string served = pair.out.metrics() + pair.in.metrics();
  static const std::regex family{"# TYPE (shmbus_nats_\\w+) \\w+\n"};
  std::size_t families = 0;
  for (std::sregex_iterator i{served.begin(), served.end(), family}; i != std::sregex_iterator{}; ++i, ++families) {
    CAPTURE((*i)[1].str());
    CHECK_THAT(page, Catch::Contains((*i)[1].str()));
  }
  CHECK(families > 20);
}

TEST_CASE("a bridge logs in with an nkey", "[bridge]") {
  if (!test::have_nats_server()) return;
  // The pair of the documentation of NATS.
  const std::string public_key = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";
  const NatsServer server{{.lines = "authorization {\n  users: [ { nkey: " + public_key + " } ]\n}\n"}};
  const test::TemporaryFolder folder;
  const std::string seed = folder.write("seed.nk", "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY\n");
  const TemporaryBus near;
  const shmbus::Bus bus = shmbus::Bus::open(near.name());
  Bridge bridge{{.name = "a", .bus = near.name(), .url = server.url(), .rules = out_rule(">")}};
  bridge.launch();
  bridge.wait_for("NATS can't be reached at ");
  bridge.settings().nats = "nkey = '" + seed + "'\nnkey_public = '" + public_key + "'";
  bridge.write();
  bridge.signal(SIGHUP);
  bridge.wait_until_connected();
  CHECK(bridge.stop() == End{});
}
