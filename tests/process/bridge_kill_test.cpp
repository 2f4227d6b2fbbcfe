// Servers and bridges are killed while events are published: the stream and the far bus are equal to the book.

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "bridge_pair.hpp"
#include "support/nats_server.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using test::BridgePair;
using test::BusyAuthor;
using test::End;
using test::NatsClient;
using test::NatsCluster;
using test::NatsServer;

namespace {

constexpr unsigned rate = 10'000 / test::slowness;  // events per second

}  // namespace

TEST_CASE("a server that is killed while events are published gets each once, and so does the far bus", "[bridge]") {
  if (!test::have_nats_server()) return;
  NatsServer server;
  NatsClient client{server.url()};
  BridgePair pair{server.url()};
  BusyAuthor busy{pair.author, rate};
  for (int kill = 0; kill < 3; ++kill) {
    std::this_thread::sleep_for(400ms);
    server.kill();
    std::this_thread::sleep_for(kill % 2 == 0 ? 0ms : 300ms);
    server.start();
    pair.out.wait_for("connected to ", static_cast<std::size_t>(kill) + 2);
  }
  std::this_thread::sleep_for(300ms);
  busy.stop();
  pair.check(client);
  CHECK(pair.out.metric("shmbus_nats_connects_total") >= 4);
  CHECK(pair.out.metric("shmbus_nats_out_lost_total") == 0);
  CHECK(pair.out.stop() == End{});
  CHECK(pair.in.stop() == End{});
}

TEST_CASE("a server that is ended in good order while events are published gets each once", "[bridge]") {
  if (!test::have_nats_server()) return;
  NatsServer server;
  NatsClient client{server.url()};
  BridgePair pair{server.url()};
  BusyAuthor busy{pair.author, rate};
  std::this_thread::sleep_for(300ms);
  server.terminate();
  server.start();
  pair.out.wait_for("connected to ", 2);
  std::this_thread::sleep_for(300ms);
  busy.stop();
  pair.check(client);
}

TEST_CASE("a bridge that is killed while it sends goes on without a gap or a double", "[bridge]") {
  if (!test::have_nats_server()) return;
  NatsServer server;
  NatsClient client{server.url()};
  BridgePair pair{server.url()};
  BusyAuthor busy{pair.author, rate};
  for (int kill = 0; kill < 8; ++kill) {
    std::this_thread::sleep_for(std::chrono::milliseconds{50 + 30 * kill});
    pair.out.kill();
    pair.out.start();
  }
  busy.stop();
  pair.check(client);
}

TEST_CASE("a bridge that is killed while it receives goes on without a gap or a double", "[bridge]") {
  if (!test::have_nats_server()) return;
  NatsServer server;
  NatsClient client{server.url()};
  BridgePair pair{server.url()};
  BusyAuthor busy{pair.author, rate};
  for (int kill = 0; kill < 8; ++kill) {
    std::this_thread::sleep_for(std::chrono::milliseconds{50 + 30 * kill});
    pair.in.kill();
    pair.in.start();
  }
  busy.stop();
  pair.check(client);
  CHECK(pair.in.metric("shmbus_nats_in_undecided_total") == 0);
}

TEST_CASE("a server and both bridges that are killed at once lose and double nothing", "[bridge]") {
  if (!test::have_nats_server()) return;
  NatsServer server;
  NatsClient client{server.url()};
  BridgePair pair{server.url()};
  BusyAuthor busy{pair.author, rate};
  for (int kill = 0; kill < 3; ++kill) {
    std::this_thread::sleep_for(300ms);
    server.kill();
    pair.out.kill();
    pair.in.kill();
    pair.out.launch();
    pair.in.launch();
    std::this_thread::sleep_for(100ms);
    server.start();
    pair.out.wait_until_connected();
    pair.in.wait_until_connected();
  }
  busy.stop();
  pair.check(client);
}

TEST_CASE("the leader of a stream with three replicas is killed: each event is in it once", "[bridge]") {
  if (!test::have_nats_server()) return;
  NatsCluster cluster;
  NatsClient client{cluster.urls()};
  BridgePair pair{cluster.urls(), "replicas = 3"};
  pair.author.publish(300);
  pair.auditor.wait_for(pair.author.book());
  BusyAuthor busy{pair.author, rate / 4};
  std::this_thread::sleep_for(500ms);
  const std::size_t leader = cluster.leader_of("shmbus_a");
  cluster.server(leader).kill();
  cluster.leader_of("shmbus_a");
  std::this_thread::sleep_for(1s);
  cluster.server(leader).start();
  std::this_thread::sleep_for(500ms);
  busy.stop();
  pair.check(client);
}

TEST_CASE("leaders of a stream with three replicas are killed again and again", "[bridge][long]") {
  if (!test::have_nats_server()) return;
  NatsCluster cluster;
  NatsClient client{cluster.urls()};
  BridgePair pair{cluster.urls(), "replicas = 3"};
  pair.author.publish(300);
  pair.auditor.wait_for(pair.author.book());
  BusyAuthor busy{pair.author, rate / 4};
  for (int kill = 0; kill < 8; ++kill) {
    std::this_thread::sleep_for(2s);
    const std::size_t leader = cluster.leader_of("shmbus_a");
    cluster.server(leader).kill();
    cluster.leader_of("shmbus_a");
    std::this_thread::sleep_for(1s);
    cluster.server(leader).start();
    cluster.wait_until_ready();
  }
  busy.stop();
  pair.check(client);
}
