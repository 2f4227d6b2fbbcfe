// info, ports, stat, hz, tail and replay of the command-line tool, driven as processes.

#include <catch2/catch.hpp>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/time_limits.hpp"
#include "tool_fixture.hpp"

using namespace std::chrono_literals;
using nlohmann::json;
using test::ChildProcess;
using test::End;
using test::Finished;
using test::Tool;

namespace {

std::vector<json> objects(const Finished& finished) {
  CHECK(finished.err == "");
  CHECK(finished.end == End{});
  std::vector<json> lines;
  std::istringstream stream{finished.out};
  for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
  return lines;
}

}  // namespace

TEST_CASE("info shows a topic's numbers, its ports and its ring", "[tool]") {
  const Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 4});
  shmbus::Subscriber brake = bus.subscriber("t", {.delivery = shmbus::Delivery::reliable, .name = "brake"});
  std::uint64_t published = 0;
  while (publisher.try_publish("0123456789")) ++published;
  const json info = objects(tool.run({"info", "t", "--json"})).at(0);
  CHECK(info["topic"] == "t");
  CHECK(info["published"] == published);
  CHECK(info["retained"] == published);
  CHECK(info["opened_blocks"] == 4);
  CHECK(info["mode"] == "0600");
  CHECK(info["ports"].size() == 2);
  CHECK(info["ports"][1]["state"] == "gating");
  CHECK(info["ports"][1]["lag"] == published);
  REQUIRE(info["ring"].size() == 4);
  CHECK(info["ring"][1]["gated_by"] == json::array({0}));
  CHECK(info["ring"][0]["newest"] == true);
  const Finished text = tool.run({"info", "t"});
  CHECK(text.end == End{});
  CHECK_THAT(text.out, Catch::Contains("ring        !==w\n"));
  CHECK_THAT(text.out, Catch::Contains("published   " + std::to_string(published) + " events"));
  CHECK_THAT(text.out, Catch::Contains("gating"));
}

TEST_CASE("info of a topic that does not exist says so", "[tool]") {
  const Tool tool;
  shmbus::Bus::open(tool.bus.name());
  const Finished finished = tool.run({"info", "t"});
  CHECK(finished.end == End{.status = 1});
  CHECK(finished.out == "");
  CHECK(finished.err == "shmbus: bus '" + tool.bus.name() + "': no topic matches 't'; it has no topics yet\n");
}

TEST_CASE("ports lists publishers and subscribers", "[tool]") {
  const Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  shmbus::Publisher a = bus.publisher("a"), b = bus.publisher("b");
  shmbus::Subscriber reader = bus.subscriber("*", {.name = "reader"});
  for (int i = 0; i < 10; ++i) a.publish("x");
  CHECK(reader.poll([](const shmbus::Event&) {}, 4) == 4);
  const auto ports = objects(tool.run({"ports", "--json"}));
  REQUIRE(ports.size() == 4);
  CHECK(ports[0]["topic"] == "a");
  CHECK(ports[0]["kind"] == "publisher");
  CHECK(ports[0]["published"] == 10);
  CHECK(ports[0]["pid"] == ::getpid());
  CHECK(ports[1]["kind"] == "subscriber");
  CHECK(ports[1]["name"] == "reader");
  CHECK(ports[1]["pattern"] == "*");
  CHECK(ports[1]["delivered"] == 4);
  CHECK(ports[1]["lag"] == 6);
  CHECK(ports[1]["lag_ns"] > 0);
  CHECK(ports[1]["latency"]["p50_ns"] > 0);
  CHECK(ports[3]["latency"].is_null());
  CHECK(objects(tool.run({"ports", "b", "-j"})).size() == 2);
  const Finished text = tool.run({"ports"});
  CHECK(text.end == End{});
  CHECK_THAT(text.out, Catch::StartsWith("TOPIC  PUBLISHER"));
  CHECK_THAT(text.out, Catch::Contains("\n\nTOPIC  SUBSCRIBER"));
}

TEST_CASE("stat prints rates that agree with a known load", "[tool]") {
  const Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  shmbus::Publisher publisher = bus.publisher("t");
  shmbus::Subscriber reader = bus.subscriber("t");
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> sent{0};
  std::thread load([&] {
    for (auto next = std::chrono::steady_clock::now(); !stop; std::this_thread::sleep_until(next)) {
      next += 1ms;
      publisher.publish("0123456789");
      sent += 1;
      reader.poll([](const shmbus::Event&) {});
    }
  });
  const auto begin = std::chrono::steady_clock::now();
  const std::uint64_t before = sent;
  const auto lines = objects(tool.run({"stat", "0.5", "4", "--json"}));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double rate = static_cast<double>(sent - before) / seconds;
  stop = true;
  load.join();
  REQUIRE(lines.size() == 4);
  double mean = 0;
  for (const json& line : lines) {
    mean += line["published_per_s"].get<double>() / 4;
    CHECK(line["publishers"] == 1);
    CHECK(line["subscribers"] == 1);
    CHECK(line["seconds"].get<double>() >= 0.4);
  }
  CHECK(mean == Approx(rate).epsilon(0.2));  // one measurement includes the tool's start and end, the other does not
  const Finished text = tool.run({"stat", "0.01", "3", "--topic", "t"});
  CHECK(text.end == End{});
  CHECK(std::count(text.out.begin(), text.out.end(), '\n') == 4);
  CHECK(tool.run({"stat", "1", "1", "--topic", "u"}).end == End{.status = 1});
  CHECK(tool.run({"stat", "0", "1"}).end == End{.status = 2});
}

TEST_CASE("stat ends when its bus is removed", "[tool]") {
  const Tool tool;
  { shmbus::Bus::open(tool.bus.name()).topic("t"); }
  ChildProcess stat{tool.command({"stat", "0.05"})};
  stat.wait_for_lines(3);
  shmbus::Bus::remove(tool.bus.name());
  CHECK(stat.wait() == End{.status = 1});
  CHECK_THAT(stat.err(), Catch::Contains("removed"));
}

TEST_CASE("hz measures how regularly events arrive", "[tool]") {
  const Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  shmbus::Publisher publisher = bus.publisher("t");
  ChildProcess hz{tool.command({"hz", "t", "--interval", "0.5", "--count", "1", "--json"})};
  tool.wait_for_subscribers(1);
  std::vector<std::chrono::steady_clock::time_point> sent;
  std::atomic<bool> stop{false};
  std::thread load([&] {
    while (!stop) {
      publisher.publish("x");
      std::this_thread::sleep_for(5ms);
    }
  });
  const End end = hz.wait();
  stop = true;
  load.join();
  CHECK(end == End{});
  const json line = json::parse(hz.out());
  CHECK(line["events"] > 2);
  CHECK(line["rate"].get<double>() <= 210);  // no faster than one every 5 ms
  CHECK(line["min_ns"].get<double>() >= 4.5e6);
  CHECK(line["mean_ns"].get<double>() >= line["min_ns"].get<double>());
  CHECK(line["max_ns"].get<double>() >= line["mean_ns"].get<double>());
  CHECK(tool.run({"hz", "u", "-n", "1"}).end == End{.status = 1});
}

TEST_CASE("tail prints the last events and ends, or follows", "[tool]") {
  const Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  shmbus::Publisher publisher = bus.publisher("t");
  for (int i = 1; i <= 20; ++i) publisher.publish(std::to_string(i));
  CHECK(tool.run({"tail", "t"}).out == "11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n");
  CHECK(tool.run({"tail", "t", "-n", "2", "--topic-name"}).out == "t 19\nt 20\n");
  CHECK(objects(tool.run({"tail", "*", "-n", "1", "--json"})).at(0)["sequence"] == 20);
  const Finished nothing = tool.run({"tail", "nothing"});
  CHECK(nothing.end == End{.status = 1});
  CHECK_THAT(nothing.err, Catch::Contains("no topic matches 'nothing'"));
  ChildProcess follows{tool.command({"tail", "t", "-n", "1", "-f"})};
  follows.wait_for_lines(1);
  publisher.publish("21");
  follows.wait_for_lines(2);
  CHECK(follows.out() == "20\n21\n");
  follows.kill(SIGINT);
  CHECK(follows.wait() == End{.signal = SIGINT});
}

TEST_CASE("verbs that read do not create a bus", "[tool]") {
  const Tool tool;
  for (const std::vector<std::string>& verb : test::verbs_that_read({{"doctor"}, {"gc"}})) {
    CAPTURE(verb.front());
    const Finished finished = tool.run(verb);
    CHECK(finished.end == End{.status = 1});
    CHECK(finished.out == "");
    CHECK_THAT(finished.err, Catch::StartsWith("shmbus: bus '" + tool.bus.name() + "'"));
    CHECK(std::count(finished.err.begin(), finished.err.end(), '\n') == 1);
  }
  const auto buses = shmbus::Inspector::buses();
  CHECK(std::count(buses.begin(), buses.end(), tool.bus.name()) == 0);
}

TEST_CASE("replay gives the events of several topics in their order and at their original pace", "[tool]") {
  const Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  shmbus::Publisher a = bus.publisher("a"), b = bus.publisher("b");
  a.publish("1");
  b.publish("2");
  std::this_thread::sleep_for(300ms);
  a.publish("3");
  b.publish("4");
  const auto begin = std::chrono::steady_clock::now();
  CHECK(tool.run({"replay", "*"}).out == "1\n2\n3\n4\n");
  CHECK(std::chrono::steady_clock::now() - begin >= 300ms);
  CHECK(tool.run({"replay", "*", "--speed", "100"}).out == "1\n2\n3\n4\n");
  CHECK(tool.run({"replay", "a", "--quick", "-t"}).out == "a 1\na 3\n");
  CHECK(tool.run({"replay", "*", "--quick", "--count", "3"}).out == "1\n2\n3\n");
  CHECK(tool.run({"replay", "a", "--quick", "--from", "last:1"}).out == "3\n");
  CHECK(tool.run({"replay", "a", "--quick", "--speed", "2"}).end == End{.status = 2});
  CHECK(tool.run({"replay", "a", "--into", tool.bus.name()}).end == End{.status = 2});

  const Tool other;
  CHECK(tool.run({"replay", "*", "--quick", "--into", other.bus.name()}).end == End{});
  CHECK(other.run({"replay", "*", "--quick"}).out == "1\n2\n3\n4\n");
}

TEST_CASE("a signal ends a replay that waits for its next event", "[tool]") {
  const Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  shmbus::Publisher publisher = bus.publisher("t");
  publisher.publish("now");
  std::this_thread::sleep_for(100ms);
  publisher.publish("in a minute and a half");
  ChildProcess replay{tool.command({"replay", "t", "--speed", "0.001"})};
  replay.wait_for_lines(1);
  replay.kill(SIGTERM);
  CHECK(replay.wait() == End{.signal = SIGTERM});
  CHECK(replay.out() == "now\n");
}
