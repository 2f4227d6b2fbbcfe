// Several hosts, each in and out of the others: each event is on each bus once, and none goes in a circle.

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "bridge_auditor.hpp"
#include "bridge_author.hpp"
#include "bridge_fixture.hpp"
#include "support/nats_server.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using test::Auditor;
using test::Author;
using test::Book;
using test::Bridge;
using test::in_rule;
using test::NatsClient;
using test::NatsServer;
using test::out_rule;

namespace {

/// A bus with its author, auditor and bridge, all of one name.
struct Host {
  Host(const std::string& name, const std::string& url, const std::string& rules)
      : author{bus, name},
        auditor{bus_name.name()},
        bridge{{.name = name, .bus = bus_name.name(), .url = url, .rules = rules}} {}

  test::TemporaryBus bus_name;
  shmbus::Bus bus = shmbus::Bus::open(bus_name.name());
  Author author;
  Auditor auditor;
  Bridge bridge;
};

class Hosts {
 public:
  void add(const std::string& name, const std::string& url, const std::string& rules) {
    all_.push_back(std::make_unique<Host>(name, url, rules));
  }
  Host& at(std::size_t i) { return *all_.at(i); }

  void start() {
    for (auto& host : all_) host->bridge.start();
  }
  void publish(std::uint64_t events) {
    for (std::uint64_t i = 0; i < events; i += 30) {
      for (auto& host : all_) host->author.publish(30);
    }
  }
  /// What all authors have published.
  Book book() const {
    Book all;
    for (const auto& host : all_) all.insert(host->author.book().begin(), host->author.book().end());
    return all;
  }
  void check() {
    for (auto& host : all_) {
      INFO("at " << host->author.name());
      REQUIRE_NOTHROW(host->auditor.check(book()));
    }
  }

 private:
  std::vector<std::unique_ptr<Host>> all_;
};

}  // namespace

TEST_CASE("each event of three hosts is on each bus once", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  Hosts hosts;
  for (const char* name : {"a", "b", "c"})
    hosts.add(name, server.url(), out_rule(">") + in_rule("'*'", ">", "start = 'all'"));
  hosts.start();
  hosts.publish(3'000 / test::slowness);
  hosts.check();
  CHECK(hosts.at(0).auditor.hops("a.seen").empty());
  CHECK(hosts.at(1).auditor.hops("a.seen") == "a");
  // Nothing that came in went out again.
  NatsClient client{server.url()};
  for (std::size_t i = 0; i < 3; ++i) {
    test::check_stream(client, hosts.at(i).author.name(), hosts.at(i).bus_name.name(), hosts.at(i).author.book());
  }
}

TEST_CASE("each event of three hosts that forward everything is on each bus once, though it comes by several ways",
          "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  Hosts hosts;
  for (const char* name : {"a", "b", "c"}) {
    hosts.add(name, server.url(), out_rule(">", "forward = true") + in_rule("'*'", ">", "start = 'all'"));
  }
  hosts.start();
  hosts.publish(3'000 / test::slowness);
  hosts.check();
  // Each stream has its own host's events, and those of others that came straight from them or by the third.
  NatsClient client{server.url()};
  const std::uint64_t all = 3 * (3'000 / test::slowness);
  test::wait_until("all streams", [&] {
    std::uint64_t stored = 0;
    for (const char* name : {"shmbus_a", "shmbus_b", "shmbus_c"}) stored += client.stream(name)->messages;
    return stored == 3 * all;
  });
  for (const char* name : {"shmbus_a", "shmbus_b", "shmbus_c"}) CHECK(client.stream(name)->messages == all);
  test::wait_until("all copies to be dropped", [&] {
    double extra = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      Bridge& bridge = hosts.at(i).bridge;
      extra += bridge.metric("shmbus_nats_in_duplicates_total") + bridge.metric("shmbus_nats_in_looped_total");
    }
    return extra == static_cast<double>(4 * all);  // six deliveries of each event, two of them to a new bus
  });
  hosts.check();
}

TEST_CASE("an event goes on to a third host only where the second forwards it", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  const bool forward = GENERATE(true, false);
  Hosts hosts;
  hosts.add("a", server.url(), out_rule(">"));
  hosts.add("b", server.url(), out_rule(">", forward ? "forward = true" : "") + in_rule("'a'", ">", "start = 'all'"));
  hosts.add("c", server.url(), in_rule("'b'", ">", "start = 'all'"));
  hosts.start();
  hosts.publish(300);
  Book expected = hosts.at(1).author.book();
  expected.insert(hosts.at(2).author.book().begin(), hosts.at(2).author.book().end());
  if (forward) expected.insert(hosts.at(0).author.book().begin(), hosts.at(0).author.book().end());
  hosts.at(2).auditor.check(expected);
  if (forward) {
    CHECK(hosts.at(2).auditor.hops("a.placed") == "a,b");
  } else {
    hosts.at(1).bridge.wait_for_metric("shmbus_nats_out_not_forwarded_total", 300);
  }
}

TEST_CASE("a bridge takes in the streams of bridges that appear later", "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  const test::TemporaryBus far;
  Auditor auditor{far.name()};
  Bridge in{{.name = "far", .bus = far.name(), .url = server.url(), .rules = in_rule("'*'")}};
  in.start();
  Hosts hosts;
  hosts.add("a", server.url(), out_rule(">"));
  hosts.add("b", server.url(), out_rule(">"));
  hosts.start();
  hosts.publish(300);
  auditor.check(hosts.book());
}
