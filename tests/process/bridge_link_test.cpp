// The link between a bridge and its server is cut and mended.

#include <sched.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "bridge_pair.hpp"
#include "support/nats_server.hpp"
#include "support/network_cable.hpp"
#include "support/privileges.hpp"
#include "support/tcp_link.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using test::BridgePair;
using test::BusyAuthor;
using test::NatsClient;
using test::NatsServer;
using test::TcpLink;

namespace {

constexpr unsigned rate = 5'000 / test::slowness;  // events per second

/// Both bridges lose their link for a time, while events are published.
void cut_for(std::chrono::milliseconds time, bool with_loss) {
  const NatsServer server;
  NatsClient client{server.url()};
  TcpLink near{server.port()}, far{server.port()};
  BridgePair pair{near.url(), far.url(), {}};
  for (TcpLink* link : {&near, &far}) {
    BusyAuthor busy{pair.author, rate};
    std::this_thread::sleep_for(300ms);
    link->cut();
    const auto publishing = std::min<std::chrono::milliseconds>(time / 2, 1s);  // else the ring is used up
    std::this_thread::sleep_for(publishing);
    busy.stop();
    std::this_thread::sleep_for(time - publishing);
    with_loss ? link->mend_with_loss() : link->mend();
    BusyAuthor after{pair.author, rate};
    std::this_thread::sleep_for(300ms);
    after.stop();
  }
  pair.check(client);
}

}  // namespace

TEST_CASE("a link that is cut in silence for a second and mended loses and doubles nothing", "[bridge]") {
  if (!test::have_nats_server()) return;
  cut_for(1s, false);
}

TEST_CASE("a link that loses what was under way loses and doubles no event", "[bridge]") {
  if (!test::have_nats_server()) return;
  cut_for(600ms, true);
}

TEST_CASE("a link that refuses connections for a while loses and doubles nothing", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  NatsClient client{server.url()};
  TcpLink link{server.port()};
  BridgePair pair{link.url()};
  BusyAuthor busy{pair.author, rate};
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(200ms);
    link.close();
    pair.out.wait_for_metric("shmbus_nats_connect_failures_total", round + 1);
    CHECK_THAT(pair.out.health(), Catch::Contains("NATS can't be reached at " + link.url()));
    link.mend();
    pair.out.wait_for("connected to ", static_cast<std::size_t>(round) + 2);
  }
  busy.stop();
  pair.check(client);
  CHECK_THAT(pair.out.health(), Catch::StartsWith("ok"));
}

TEST_CASE("a bridge notices within seconds that its link is cut in silence, and says so", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  NatsClient client{server.url()};
  TcpLink link{server.port()};
  BridgePair pair{link.url(), server.url(), {}};
  pair.author.publish(300);
  link.cut();
  pair.author.publish(300);
  test::wait_until("the bridge to notice", [&] { return pair.out.metric("shmbus_nats_connected") == 0; });
  test::wait_until("its health to say so", [&] { return !pair.out.health().starts_with("ok"); });
  link.mend();
  pair.check(client);
  CHECK(pair.out.metric("shmbus_nats_connected") == 1);
}

TEST_CASE("a link that is cut in silence for longer than two minutes loses and doubles nothing", "[bridge][long]") {
  if (!test::have_nats_server()) return;
  cut_for(130s, false);
}

TEST_CASE("a server that is stopped for seconds, and continued, gets each event once", "[bridge]") {
  if (!test::have_nats_server()) return;
  NatsServer server;
  NatsClient client{server.url()};
  BridgePair pair{server.url()};
  BusyAuthor busy{pair.author, rate};
  for (int round = 0; round < 2; ++round) {
    std::this_thread::sleep_for(300ms);
    server.pause();
    std::this_thread::sleep_for(700ms);
    server.resume();
  }
  std::this_thread::sleep_for(300ms);
  busy.stop();
  pair.check(client);
}

namespace {

/// In a network namespace of its own; the bridge that sends is at the other end of the cable.
void cut_cable_for(std::chrono::milliseconds time) {
  auto process = test::in_namespaces(CLONE_NEWNET, [time](const test::Parent&) {
    const test::NetworkCable cable;
    const NatsServer server{{.host = test::NetworkCable::here}};
    const test::TemporaryBus near, far;
    shmbus::Bus bus = shmbus::Bus::open(near.name());
    test::Author author{bus, "video"};
    test::Auditor auditor{far.name()};
    test::Bridge out{{.name = "a",
                      .bus = near.name(),
                      .url = server.url(),
                      .rules = test::out_rule("video.>"),
                      .before = cable.at_other_end()}};
    test::Bridge in{{.name = "b", .bus = far.name(), .url = server.url(), .rules = test::in_rule("'a'")}};
    out.start();
    in.start_receiving();
    author.publish(3'000);
    cable.cut();
    author.publish(3'000);
    std::this_thread::sleep_for(time);
    cable.mend();
    author.publish(3'000);
    auditor.check(author.book(), in.undecided());
    NatsClient client{server.url()};
    test::check_stream(client, "a", near.name(), author.book());
  });
  REQUIRE(process);
  CHECK(process->wait() == test::End{});
}

}  // namespace

TEST_CASE("a cable between two network namespaces is cut for some seconds, and no event is lost or doubled",
          "[bridge]") {
  if (!test::have_nats_server() || !test::have_network_cables()) return;
  cut_cable_for(4s);
}
