// A bridge to NATS that holds publishers back, as the tools show it. What stands for the bridge has its program's name.

#include <catch2/catch.hpp>

#include <sys/prctl.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/time_limits.hpp"
#include "tool_fixture.hpp"

using namespace std::chrono_literals;
using nlohmann::json;
using test::End;
using test::ForkedProcess;
using test::Parent;

namespace {

/// A bus whose publisher is held back by a bridge that does not read.
struct HeldBack {
  test::Tool tool;
  ForkedProcess bridge;
  shmbus::Bus bus;
  shmbus::Publisher publisher;

  explicit HeldBack(std::chrono::nanoseconds demote_after = {})
      : bridge([&](const Parent& parent) {
          ::prctl(PR_SET_NAME, "shmbus-nats");
          shmbus::Bus member = shmbus::Bus::open(tool.bus.name());
          const shmbus::Subscriber out = member.subscriber(
              "t", {.delivery = shmbus::Delivery::reliable, .demote_after = demote_after, .name = "bridge host-a"});
          shmbus::Publisher in = member.publisher("from.host-b");
          parent.say();
          parent.hear();
        }),
        bus([&] {
          bridge.hear();
          return shmbus::Bus::open(tool.bus.name());
        }()),
        publisher(bus.publisher("t", {.block_size = 4096, .blocks = 4})) {
    const std::string payload(500, 'x');
    if (demote_after.count() != 0) return;
    while (publisher.try_publish(payload)) {
    }
  }

  std::string pid() const { return std::to_string(bridge.pid()); }
  std::string doctor() const { return tool.run({"doctor"}).out; }

  void end() {
    bridge.say();
    CHECK(bridge.wait() == End{});
  }
};

std::vector<json> objects(const std::string& text) {
  std::vector<json> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
  return lines;
}

}  // namespace

TEST_CASE("who and doctor name a bridge that holds publishers back, and say where to look", "[tool][bridge]") {
  HeldBack held;
  test::wait_until("the bridge to hold the publisher back beyond the stall limit", [&] {
    return held.publisher.publish_for(50ms, std::string(500, 'x')).status() == shmbus::Status::back_pressured &&
           held.doctor().find("has held publishers back for") != std::string::npos;
  });
  const std::string who = held.tool.run({"who"}).out;
  CHECK_THAT(who, Catch::Contains("t: bridge host-a to NATS (shmbus-nats, pid " + held.pid() +
                                  ", alive) holds publishers back, for ") &&
                      Catch::Contains("NATS takes events more slowly than they are published, or can't be reached") &&
                      Catch::Contains("journalctl -u shmbus-nats"));
  const auto lines = objects(held.tool.run({"who", "--json"}).out);
  REQUIRE(!lines.empty());
  CHECK(lines[0]["holds"] == "ring");
  CHECK(lines[0]["bridge"] == "host-a");
  CHECK(lines[0]["program"] == "shmbus-nats");
  CHECK_THAT(held.doctor(), Catch::Contains("topic t: the bridge host-a to NATS (shmbus-nats, pid " + held.pid() +
                                            ", alive) has held publishers back for ") &&
                                Catch::Contains("NATS takes events more slowly than they are published"));
  held.end();
}

TEST_CASE("a bridge that is stopped is to be let go on", "[tool][bridge]") {
  HeldBack held;
  held.bridge.stop();
  held.publisher.publish_for(50ms, std::string(500, 'x'));
  CHECK_THAT(
      held.tool.run({"who"}).out,
      Catch::Contains("bridge host-a to NATS (shmbus-nats, pid " + held.pid() + ", stopped) holds publishers back") &&
          Catch::Contains("kill -CONT " + held.pid()) && !Catch::Contains("more slowly"));
  held.bridge.resume();
  held.end();
}

TEST_CASE("ports, info and top call a bridge what it is, also where it publishes", "[tool][top][bridge]") {
  HeldBack held;
  const std::string ports = held.tool.run({"ports"}).out;
  CHECK_THAT(
      ports,
      Catch::Matches("[^]*\nfrom\\.host-b +bridge host-a to NATS +" + held.pid() + "[^]*", Catch::CaseSensitive::Yes) &&
          Catch::Matches("[^]*\nt +bridge host-a to NATS +" + held.pid() + "[^]*", Catch::CaseSensitive::Yes));
  CHECK_THAT(held.tool.run({"info", "from.host-b"}).out, Catch::Contains("bridge host-a to NATS"));
  for (const json& port : objects(held.tool.run({"ports", "--json"}).out))
    CHECK(port["bridge"] == (port["pid"] == held.bridge.pid() ? json("host-a") : json(nullptr)));
#ifdef SHMBUS_TOP
  const json top = json::parse(test::run({SHMBUS_TOP, "--batch", "--count", "1", "--json", held.tool.bus.name()}).out);
  for (const json& node : top["nodes"])
    CHECK(node["bridge"] == (node["pid"] == held.bridge.pid() ? json("host-a") : json(nullptr)));
#endif
  held.end();
}

TEST_CASE("doctor names a bridge that was made lossy", "[tool][bridge]") {
  HeldBack held{20ms};
  CHECK_THAT(held.doctor(), !Catch::Contains("is lossy since then"));
  const std::string payload(500, 'x');
  for (int i = 0; i < 200; ++i) REQUIRE(held.publisher.publish(payload));
  CHECK_THAT(held.doctor(), Catch::Contains("fault: ") &&
                                Catch::Contains("topic t: the bridge host-a to NATS (shmbus-nats, pid " + held.pid() +
                                                ") held publishers back for 20.0 ms and is lossy since then"));
  held.end();
}

TEST_CASE("doctor names the state that a bridge left of a bus that is gone, and how to remove it", "[tool][bridge]") {
  const test::TemporaryBus gone;
  const std::string state = "/dev/shm/shmbus-nats." + gone.name() + ".host-a";
  std::ofstream(state) << "state";
  const std::string text = test::run({"/usr/bin/env", "-u", "SHMBUS_BUS", SHMBUS_TOOL, "doctor"}).out;
  std::filesystem::remove(state);
  CHECK_THAT(text, Catch::Contains("note: bus '" + gone.name() +
                                   "': the bus is gone, and the bridge host-a to NATS left its state: " + state) &&
                       Catch::Contains("  $ rm '" + state + "'\n"));
}
