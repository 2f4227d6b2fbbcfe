// What the tests of the bridge rely on: servers that are killed and started again, a link that is cut, and readers of
// streams.

#include <sched.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "support/nats_server.hpp"
#include "support/nats_stream.hpp"
#include "support/network_cable.hpp"
#include "support/privileges.hpp"
#include "support/tcp_link.hpp"
#include "support/time_limits.hpp"
#include "support/tls_files.hpp"

using namespace std::chrono_literals;
using test::NatsClient;
using test::NatsCluster;
using test::NatsServer;
using test::StoredMessage;
using test::TcpLink;

namespace {

void publish_numbers(NatsClient& client, int first, int last) {
  for (int i = first; i <= last; ++i) client.publish("numbers." + std::to_string(i % 3), std::to_string(i));
}

void check_numbers(NatsClient& client, std::size_t count) {
  const std::vector<StoredMessage> all = client.read_stream("numbers");
  REQUIRE(all.size() == count);
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(all[i].sequence == i + 1);
    CHECK(all[i].payload == std::to_string(i + 1));
  }
}

}  // namespace

TEST_CASE("a nats-server that is killed keeps what it acknowledged, and starts again at the same port", "[nats]") {
  if (!test::have_nats_server()) return;
  NatsServer server;
  NatsClient client{server.url()};
  client.create_stream({.name = "numbers", .subjects = {"numbers.>"}});
  publish_numbers(client, 1, 100);
  const pid_t first = server.pid();
  server.kill();
  CHECK(::kill(first, 0) != 0);
  server.start();
  publish_numbers(client, 101, 200);
  check_numbers(client, 200);
  client.delete_message("numbers", 200);
  check_numbers(client, 199);
}

TEST_CASE("a message is read as it was published, with all its headers", "[nats]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  NatsClient client{server.url()};
  client.create_stream({.name = "s", .subjects = {"s.>"}, .memory = true, .max_messages = 1});
  const std::string payload{"\0\1\r\n", 4};
  CHECK(client.publish("s.one", payload, {{"b", "2"}, {"a", "1"}, {"b", "3"}}) == 1);
  const std::vector<StoredMessage> all = client.read_stream("s");
  REQUIRE(all.size() == 1);
  CHECK(all[0].subject == "s.one");
  CHECK(all[0].payload == payload);
  CHECK(all[0].headers == StoredMessage::Headers{{"a", "1"}, {"b", "2"}, {"b", "3"}});
  CHECK_THROWS_WITH(client.publish("s.two", payload), Catch::Contains("maximum messages"));
  CHECK(client.stream("s")->options.memory);
  CHECK(!client.stream("t"));
  CHECK(client.consumers("s").empty());
}

TEST_CASE("a cluster of three goes on when the leader of a stream is killed", "[nats]") {
  if (!test::have_nats_server()) return;
  NatsCluster cluster;
  NatsClient client{cluster.urls()};
  client.create_stream({.name = "numbers", .subjects = {"numbers.>"}, .replicas = 3});
  publish_numbers(client, 1, 100);
  const std::size_t leader = cluster.leader_of("numbers");
  cluster.server(leader).kill();
  CHECK(cluster.leader_of("numbers") != leader);
  for (int i = 0; i < 100 && client.stream("numbers")->leader.empty(); ++i) std::this_thread::sleep_for(20ms);
  publish_numbers(client, 101, 200);
  cluster.server(leader).start();
  cluster.wait_until_ready();
  check_numbers(client, 200);
}

TEST_CASE("a link that was cut passes on what waited, or loses it", "[nats]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  TcpLink link{server.port()};
  NatsClient near{server.url()};
  NatsClient far{link.url()};
  near.create_stream({.name = "numbers", .subjects = {"numbers.>"}});
  publish_numbers(far, 1, 10);
  CHECK(link.connections() == 1);
  link.cut();
  std::thread publisher{[&] { publish_numbers(far, 11, 20); }};
  std::this_thread::sleep_for(200ms);
  CHECK(near.stream("numbers")->messages == 10);
  link.mend();
  publisher.join();
  CHECK(link.connections() == 1);
  link.cut();
  link.mend_with_loss();
  link.close();
  CHECK_THROWS(NatsClient{link.url()});
  link.mend();
  CHECK(far.stream("numbers")->messages == 20);
  CHECK(link.connections() > 1);
  check_numbers(far, 20);
}

TEST_CASE("a nats-server asks for a password, or for a certificate of its own authority", "[nats]") {
  if (!test::have_nats_server() || !test::have_openssl()) return;
  const NatsServer closed{{.user = "bridge", .password = "right"}};
  CHECK_THROWS(NatsClient{closed.url(), {.user = "bridge", .password = "wrong"}});
  CHECK_NOTHROW(NatsClient{closed.url(), {.user = "bridge", .password = "right"}});

  const test::TemporaryFolder folder;
  const test::TlsFiles own = test::make_tls_files(folder, "own"), other = test::make_tls_files(folder, "other");
  const NatsServer secure{{.tls = own, .verify_clients = true}};
  const auto login = [](const test::TlsFiles& trusted, const test::TlsFiles& shown) {
    return test::NatsLogin{.ca = trusted.ca, .certificate = shown.certificate, .key = shown.key};
  };
  CHECK_NOTHROW(NatsClient{secure.url(), login(own, own)});
  CHECK_THROWS(NatsClient{secure.url(), login(other, own)});
  CHECK_THROWS(NatsClient{secure.url(), login(own, other)});
}

TEST_CASE("a nats-server whose store is full refuses messages", "[nats]") {
  if (!test::have_nats_server()) return;
  const NatsServer server{{.max_store = 1'000'000}};
  NatsClient client{server.url()};
  client.create_stream({.name = "numbers", .subjects = {"numbers.>"}});
  const std::string large(100'000, 'x');
  CHECK_THROWS_WITH(
      [&] {
        for (int i = 0; i < 20; ++i) client.publish("numbers.large", large);
      }(),
      Catch::Contains("resource") || Catch::Contains("insufficient"));
}

TEST_CASE("a cable between two network namespaces can be cut and mended", "[nats]") {
  if (!test::have_network_cables()) return;
  auto process = test::in_namespaces(CLONE_NEWNET, [](const test::Parent&) {
    const test::NetworkCable cable;
    const NatsServer server{{.host = test::NetworkCable::here}};
    const auto greeted = [&] {
      std::vector<std::string> command = cable.at_other_end();
      command.insert(command.end(), {"timeout", "2", "/bin/bash", "-c",
                                     "read -r -n 4 word </dev/tcp/" + std::string{test::NetworkCable::here} + "/" +
                                         std::to_string(server.port()) + " && [[ $word == INFO ]]"});
      return test::run(command).end == test::End{};
    };
    test::require(greeted(), "the server should be reached");
    cable.cut();
    test::require(!greeted(), "the cable is cut");
    cable.mend();
    test::wait_until("the server to be reached again", greeted);
  });
  REQUIRE(process);
  CHECK(process->wait() == test::End{});
}
