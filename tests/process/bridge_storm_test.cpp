// Two hosts send each other events while bridges and the server are killed, stopped and cut off at random. In the end both
// streams and both far buses are equal to the books.
//
// SHMBUS_STORM_SECONDS says how long; ten minutes by hand:
//
//   SHMBUS_STORM_SECONDS=600 build/release/tests/process/bridge_tests "a storm*"

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <thread>

#include "bridge_auditor.hpp"
#include "bridge_author.hpp"
#include "bridge_fixture.hpp"
#include "support/nats_server.hpp"
#include "support/tcp_link.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using test::Auditor;
using test::Author;
using test::Bridge;
using test::BusyAuthor;
using test::NatsClient;
using test::NatsServer;
using test::TcpLink;

namespace {

constexpr unsigned rate = 1'500 / test::slowness;  // events of each host per second

std::chrono::duration<double> length() {
  const char* given = std::getenv("SHMBUS_STORM_SECONDS");
  return std::chrono::duration<double>{given != nullptr ? std::strtod(given, nullptr) : test::sanitized ? 20 : 60};
}

struct Host {
  Host(const std::string& name, const std::string& other, std::uint16_t server)
      : link{server},
        author{bus, name},
        auditor{bus_name.name(), other + ".>"},
        bridge{{.name = name,
                .bus = bus_name.name(),
                .url = link.url(),
                .rules = test::out_rule(name + ".>", "start = 'all'") +
                         test::in_rule("'" + other + "'", ">", "start = 'all'")}} {}

  test::TemporaryBus bus_name;
  shmbus::Bus bus = shmbus::Bus::open(bus_name.name());
  TcpLink link;
  Author author;
  Auditor auditor;
  Bridge bridge;
};

/// Harms hosts and server at random, and says in the end how often.
class Storm {
 public:
  Storm(NatsServer& server, Host& a, Host& b, unsigned seed) : server_(server), hosts_{&a, &b}, random_(seed) {}

  void harm() {
    Host& host = *hosts_[random_() % 2];
    switch (random_() % 6) {
      case 0:
      case 1:
        note("bridge killed");
        host.bridge.kill();
        rest(300);
        host.bridge.launch();
        break;
      case 2:
        note("server killed");
        server_.kill();
        rest(500);
        server_.start();
        break;
      case 3:
        note("server stopped");
        server_.pause();
        rest(1000);
        server_.resume();
        break;
      case 4:
        note("bridge stopped");
        host.bridge.signal(SIGSTOP);
        rest(1000);
        host.bridge.signal(SIGCONT);
        break;
      default:
        note("link cut");
        host.link.cut();
        rest(800);
        random_() % 2 == 0 ? host.link.mend() : host.link.mend_with_loss();
    }
    rest(1200);
  }
  std::string figures() const {
    std::string text;
    for (const auto& [what, count] : counts_) text += what + " " + std::to_string(count) + " times, ";
    return text;
  }

 private:
  void note(const std::string& what) { ++counts_[what]; }
  void rest(unsigned most_ms) { std::this_thread::sleep_for(std::chrono::milliseconds{random_() % most_ms}); }

  NatsServer& server_;
  Host* hosts_[2];
  std::mt19937 random_;
  std::map<std::string, unsigned> counts_;
};

}  // namespace

TEST_CASE("a storm over bridges, links and the server loses and doubles no event", "[bridge]") {
  if (!test::have_nats_server()) return;
  NatsServer server;
  NatsClient client{server.url()};
  Host a{"a", "b", server.port()}, b{"b", "a", server.port()};
  for (Host* host : {&a, &b}) host->bridge.launch();
  Storm storm{server, a, b, Catch::rngSeed()};
  {
    BusyAuthor busy_a{a.author, rate}, busy_b{b.author, rate};
    const auto end = std::chrono::steady_clock::now() + length();
    while (std::chrono::steady_clock::now() < end) {
      storm.harm();
      REQUIRE(a.auditor.problem() == "");
      REQUIRE(b.auditor.problem() == "");
    }
    busy_a.stop();
    busy_b.stop();
  }
  for (const auto& [host, other] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
    INFO(host->bridge.log());
    REQUIRE_NOTHROW(test::check_stream(client, host->author.name(), host->bus_name.name(), host->author.book()));
    REQUIRE_NOTHROW(other->auditor.check(host->author.book(), other->bridge.undecided()));
  }
  std::printf("%s%lu events of each host\n", storm.figures().c_str(),
              static_cast<unsigned long>(3 * a.author.book().at("a.seen")));
}
