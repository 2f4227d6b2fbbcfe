// shmbus-top as a process: batches, JSON, errors.

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "layout/registry.hpp"
#include "shmbus/shmbus.hpp"
#include "support/child_process.hpp"
#include "support/segments.hpp"
#include "support/temporary_bus.hpp"
#include "support/temporary_journals.hpp"
#include "support/time_limits.hpp"
#include "top_fixture.hpp"

using namespace std::chrono_literals;
using nlohmann::json;
using shmbus::layout::RegistryHeader;
using test::End;
using test::Finished;
using test::TemporaryBus;

namespace {

Finished top(const TemporaryBus& bus, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {SHMBUS_TOP, bus.name()});
  return test::run(std::move(arguments));
}

void check_error(const Finished& finished, int status, const std::string& named) {
  CHECK(finished.end == End{.status = status});
  CHECK(finished.out == "");
  CHECK_THAT(finished.err, Catch::StartsWith("shmbus-top: ") && Catch::EndsWith("\n") && Catch::Contains(named));
  CHECK(std::count(finished.err.begin(), finished.err.end(), '\n') == 1);
}

}  // namespace

TEST_CASE("top's JSON shows the rate of a known load, and exactly its lag and losses", "[top]") {
  const TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  test::KnownLosses known{bus};
  test::SteadyLoad load{bus, "load", 1000};
  const Finished finished = top(name, {"--json", "-n", "2", "-d", "1"});
  CHECK(finished.end == End{});
  CHECK(finished.err == "");
  std::vector<json> looks;
  std::istringstream stream{finished.out};
  for (std::string line; std::getline(stream, line);) looks.push_back(json::parse(line));
  REQUIRE(looks.size() == 2);
  // How many events were published between the two snapshots, by their totals, and how long that took, by their times.
  const auto published = [](const json& look) {
    for (const json& topic : look["topics"]) {
      if (topic["topic"] == "load") return topic["published"].get<double>();
    }
    return 0.0;
  };
  const double seconds = looks[1]["seconds"];
  CHECK(looks[1]["events_per_s"].get<double>() ==
        Approx((published(looks[1]) - published(looks[0])) / seconds).epsilon(0.05));
  CHECK(looks[1]["events_per_s"].get<double>() > 0);
  for (const json& s : looks[1]["subscribers"]) {
    if (s["name"] != "behind") continue;
    CHECK(s["lag"] == known.lag);
    CHECK(s["lost"] == known.lost);
  }
}

TEST_CASE("top's JSON has the journal of a topic, and the durable names", "[top][journal]") {
  const test::TemporaryJournals journals;
  const TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", {.blocks = 4, .journal = shmbus::Journal::page_cache()});
  shmbus::Subscriber held = bus.subscriber("t", {.durable = "held"});
  { const shmbus::Subscriber once = bus.subscriber(">", {.durable = "left"}); }
  std::uint64_t last = 0;
  for (int i = 0; i < 7; ++i) last = publisher.publish("event").sequence();
  REQUIRE(publisher.wait_durable(last, test::patience) == shmbus::Status::ok);
  held.poll([](const shmbus::Event&) {});
  held.poll([](const shmbus::Event&) {}, 0);  // acknowledges
  const Finished finished = top(name, {"--json", "-d", "0.1"});
  CHECK(finished.end == End{});
  CHECK(finished.err == "");
  const json look = json::parse(finished.out);
  const json& journal = look.at("topics").at(0).at("journal");
  CHECK(journal["state"] == "recording");
  CHECK(journal["pid"] == ::getpid());
  CHECK(journal["recorded"] == last);
  CHECK(journal["unrecorded"] == 0);
  const json& durables = look.at("durables");
  REQUIRE(durables.size() == 2);
  CHECK(durables[0]["durable"] == "held");
  CHECK(durables[0]["held"] == true);
  CHECK(durables[0]["pid"] == ::getpid());
  CHECK(durables[0]["behind"] == 0);
  CHECK(durables[1]["durable"] == "left");
  CHECK(durables[1]["held"] == false);
  CHECK(durables[1]["behind"] == 7);
}

TEST_CASE("top prints the requested number of batches, with all panes or one", "[top]") {
  const TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("some.topic");
  shmbus::Subscriber subscriber = bus.subscriber("some.topic", {.name = "reader"});
  publisher.publish("x");
  const Finished all = top(name, {"-b", "-n", "2", "-d", "0.05"});
  CHECK(all.end == End{});
  std::size_t headers = 0;
  for (std::size_t at = 0; (at = all.out.find("shmbus-top  bus " + name.name(), at)) != std::string::npos; ++at)
    ++headers;
  CHECK(headers == 2);
  for (const char* part : {"some.topic", "reader (", "EVENTS/S", "LAGTIME", "CLAIM", "PATTERNS"})
    CHECK_THAT(all.out, Catch::Contains(part));
  CHECK(all.out.find('\x1b') == std::string::npos);
  const Finished one = top(name, {"-b", "-n", "1", "-d", "0.05", "-p", "subscribers", "-s", "lag", "-f", "reader"});
  CHECK_THAT(one.out, Catch::Contains("reader (") && !Catch::Contains("PATTERNS"));
  const Finished none = top(name, {"-b", "-n", "1", "-d", "0.05", "-p", "subscribers", "-f", "nobody"});
  CHECK_THAT(none.out, Catch::EndsWith("\nno subscribers\n"));
}

TEST_CASE("top says in one line why it can't watch a bus, and exits with 1", "[top]") {
  const TemporaryBus name;
  const test::Segments segments{name.name()};
  check_error(top(name, {"-b"}), 1, "does not exist");
  { shmbus::Bus bus = shmbus::Bus::open(name.name()); }
  SECTION("foreign version") {
    test::overwrite(segments.registry(), offsetof(RegistryHeader, version), std::uint32_t{77});
    check_error(top(name, {"-b"}), 1, "version 77");
    check_error(top(name, {"--json"}), 1, "version 77");
  }
  SECTION("damaged") {
    test::overwrite(segments.registry(), offsetof(RegistryHeader, magic), std::uint64_t{1});
    check_error(top(name, {"-b"}), 1, name.name());
  }
  SECTION("half-built") {
    std::filesystem::resize_file(segments.registry(), 0);
    check_error(top(name, {"-b"}), 1, "0 bytes");
  }
}

TEST_CASE("top shows a topic that can't be read, and says so with its exit status", "[top]") {
  const TemporaryBus name;
  const test::Segments segments{name.name()};
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("good");
  bus.topic("torn");
  std::filesystem::resize_file(segments.control("torn"), 4096);
  const Finished finished = top(name, {"-b", "-n", "1", "-d", "0.05"});
  CHECK(finished.end == End{.status = 1});
  CHECK_THAT(finished.err, Catch::StartsWith("shmbus-top: topic 'torn'"));
  CHECK_THAT(finished.out, Catch::Contains("unreadable") && Catch::Contains("good"));
}

TEST_CASE("wrong arguments of top are a usage error", "[top]") {
  const TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  check_error(top(name, {}), 2, "--batch");  // a pipe is not a terminal
  check_error(top(name, {"-b", "-d", "0"}), 2, "--delay");
  check_error(top(name, {"-b", "-n", "0"}), 2, "--count");
  check_error(top(name, {"-b", "-p", "things"}), 2, "things");
  check_error(top(name, {"-b", "-p", "nodes", "-s", "lag"}), 2, "no column 'lag'");
  check_error(top(name, {"-b", "-s", "lag"}), 2, "--pane");
  check_error(test::run({SHMBUS_TOP, "a b", "-b"}), 2, "'a b'");
}

TEST_CASE("a batch ends when the bus is removed, or a signal comes", "[top]") {
  const TemporaryBus name;
  { shmbus::Bus bus = shmbus::Bus::open(name.name()); }
  test::ChildProcess batch{{SHMBUS_TOP, name.name(), "-b", "-d", "0.05"}};
  batch.wait_for_lines(20);
  SECTION("removed") {
    shmbus::Bus::remove(name.name());
    CHECK(batch.wait() == End{.status = 1});
    CHECK_THAT(batch.err(), Catch::Contains("removed"));
  }
  SECTION("signal") {
    batch.kill(SIGTERM);
    CHECK(batch.wait() == End{.signal = SIGTERM});
  }
  SECTION("nobody reads") {
    batch.close_output();
    CHECK(batch.wait() == End{.signal = SIGPIPE});
  }
}

TEST_CASE("on a terminal that can't move its cursor top prints batches", "[top]") {
  const TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  test::ChildProcess dumb{{"/usr/bin/env", "TERM=dumb", SHMBUS_TOP, name.name(), "-n", "2", "-d", "0.05"},
                          test::ChildProcess::Streams::terminal};
  CHECK(dumb.wait() == End{});
  CHECK_THAT(dumb.out(), Catch::Contains("shmbus-top  bus") && Catch::Contains("no topics"));
  CHECK(dumb.out().find('\x1b') == std::string::npos);
}
