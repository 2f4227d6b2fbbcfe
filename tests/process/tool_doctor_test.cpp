// who, doctor and gc of the command-line tool: on the example platform, and on damaged buses.

#include <catch2/catch.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "held_platform.hpp"
#include "layout/registry.hpp"
#include "layout/topic.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/segments.hpp"
#include "tool_fixture.hpp"

using namespace std::chrono_literals;
using nlohmann::json;
using test::ChildProcess;
using test::End;
using test::Finished;
using test::ForkedProcess;
using test::Parent;
using test::Streaming;

namespace {

Finished shmbus_tool(const std::string& bus, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {SHMBUS_TOOL, "--bus", bus});
  return test::run(std::move(arguments));
}

std::vector<json> objects(const Finished& finished) {
  CHECK(finished.err == "");
  std::vector<json> lines;
  std::istringstream stream{finished.out};
  for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
  return lines;
}

/// What doctor reports about the bus. What it reports about the machine is left out.
std::vector<json> findings(const std::string& bus, const std::string& kind) {
  auto all = objects(shmbus_tool(bus, {"doctor", "--json"}));
  std::erase_if(all, [&](const json& f) { return f["bus"].is_null() || f["kind"] != kind; });
  return all;
}

/// Starts a process that publishes and subscribes, and kills it.
int leave_a_corpse(const std::string& bus) {
  ForkedProcess victim{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(bus);
    shmbus::Publisher publisher = member.publisher("t");
    shmbus::Subscriber subscriber = member.subscriber(">", {.delivery = shmbus::Delivery::reliable});
    parent.say();
    parent.hear();
  }};
  victim.hear();
  const int pid = victim.pid();
  victim.kill();
  return pid;
}

}  // namespace

TEST_CASE("who names a stopped ml-service that holds publishers back, until it goes on", "[tool][streaming]") {
  test::HeldPlatform platform;
  const std::string& bus = platform.bus();
  CHECK(shmbus_tool(bus, {"who"}).end == End{});
  platform.stop_ml();
  const Finished json_text = shmbus_tool(bus, {"who", "--json"});
  CHECK(json_text.end == End{});
  const auto holders = objects(json_text);
  const auto named = std::find_if(holders.begin(), holders.end(), [](const json& h) { return h["holds"] == "ring"; });
  REQUIRE(named != holders.end());
  CHECK((*named)["topic"] == "video.watch_started");
  CHECK((*named)["program"] == "ml-service");
  CHECK((*named)["pid"] == platform.ml_pid());
  CHECK((*named)["state"] == "stopped");
  CHECK((*named)["since_ns"] > 50'000'000);
  CHECK((*named)["command"] == "kill -CONT " + std::to_string(platform.ml_pid()));
  const std::string text = shmbus_tool(bus, {"who"}).out;
  CHECK_THAT(text, Catch::Contains("video.watch_started: ml-service (pid " + std::to_string(platform.ml_pid()) +
                                   ", stopped)"));
  CHECK_THAT(text, Catch::Contains("holds the ring back, for "));
  platform.let_ml_go_on();
  Streaming::wait_until("ml-service to go on", [&] {
    const auto lines = objects(shmbus_tool(bus, {"who", "--json"}));
    return std::none_of(lines.begin(), lines.end(), [](const json& h) { return h["holds"] == "ring"; });
  });
  CHECK(platform.end() == End{});
}

TEST_CASE("who names a publisher that keeps a claim open", "[tool]") {
  const test::Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  shmbus::Publisher publisher = bus.publisher("t");
  CHECK(objects(tool.run({"who", "--json"})).empty());
  const shmbus::Loan loan = publisher.loan(10);
  const auto holders = objects(tool.run({"who", "--json"}));
  REQUIRE(holders.size() == 1);
  CHECK(holders[0]["holds"] == "claim");
  CHECK(holders[0]["pid"] == ::getpid());
  CHECK(holders[0]["since_ns"] >= 90'000'000);
}

TEST_CASE("doctor names what a killed service left, gc shows what it would do and does it, and then doctor finds nothing",
          "[tool][streaming]") {
  const Streaming platform;
  const std::string bus = platform.bus.name();
  ChildProcess ml{platform.reacting("ml-service")};
  ChildProcess video{platform.command("video-service", {"--events", "1000000000", "--rate", "200"})};
  platform.wait_until_read("ml-service", 10);
  CHECK(findings(bus, "fault").empty());
  ml.kill(SIGKILL);
  ml.wait();
  const auto faults = findings(bus, "fault");
  REQUIRE(faults.size() == 1);
  const std::string text = faults[0]["finding"];
  CHECK_THAT(text, Catch::Contains("ml-service (pid " + std::to_string(ml.pid()) + ")"));
  CHECK_THAT(text, Catch::Contains("subscriber port") && Catch::Contains("publisher port") &&
                       Catch::Contains("subscription to video.watch_started"));
  CHECK(faults[0]["command"] == "shmbus gc --bus " + bus + " --yes");
  CHECK(shmbus_tool(bus, {"doctor"}).end == End{.status = 1});

  const auto would = objects(shmbus_tool(bus, {"gc", "--json"}));
  CHECK(would.size() == 4);  // node, publisher, subscriber, subscription
  for (const json& line : would) {
    CHECK(line["freed"] == false);
    CHECK(line["program"] == "ml-service");
  }
  CHECK_THAT(shmbus_tool(bus, {"gc"}).out, Catch::Contains("would free the node of ml-service"));
  CHECK(findings(bus, "fault").size() == 1);  // gc only showed what it would do

  const auto did = objects(shmbus_tool(bus, {"gc", "--yes", "--json"}));
  CHECK(did.size() == 4);
  for (const json& line : did) CHECK(line["freed"] == true);
  CHECK(findings(bus, "fault").empty());
  CHECK(shmbus_tool(bus, {"gc"}).out == "");
  const std::uint64_t seen = platform.watches().published;
  platform.wait_until_published(seen + 10);  // living members were not disturbed
  video.kill(SIGTERM);
  video.wait();
}

TEST_CASE("doctor names a bus without live members, and does not call it a fault", "[tool]") {
  const test::Tool tool;
  shmbus::Bus::open(tool.bus.name()).publisher("t").publish("kept");
  const auto notes = findings(tool.bus.name(), "note");
  REQUIRE(!notes.empty());
  CHECK_THAT(notes[0]["finding"].get<std::string>(), Catch::Contains("no live members"));
  CHECK(findings(tool.bus.name(), "fault").empty());
  CHECK(tool.run({"gc", "--yes"}).out == "");
  CHECK(tool.run({"tail", "t"}).out == "kept\n");
}

TEST_CASE("gc removes logs without a topic, unfinished removals, and topics of an earlier bus", "[tool]") {
  const test::Tool tool;
  const test::Segments segments{tool.bus.name()};
  const std::string folder = "/dev/shm/", prefix = "shmbus." + tool.bus.name() + ".";
  { shmbus::Bus::open(tool.bus.name()).topic("t", {.block_size = 4096, .blocks = 2}); }
  // A topic of an earlier bus: a copy is kept while the bus is created anew.
  const std::string control = segments.control("t"), log = segments.log("t");
  std::filesystem::copy_file(control, folder + "aside." + prefix + "ctl");
  std::filesystem::copy_file(log, folder + "aside." + prefix + "log");
  shmbus::Bus::remove(tool.bus.name());
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  std::filesystem::rename(folder + "aside." + prefix + "ctl", control);
  std::filesystem::rename(folder + "aside." + prefix + "log", log);
  std::ofstream(folder + prefix + "u.log.77.00000000000000aa") << "of a creator that died";
  std::ofstream(folder + prefix + "~00000000000000bb") << "of a remover that died";

  auto kinds = [&](std::vector<std::string> arguments) {
    std::vector<std::string> found;
    for (const json& line : objects(tool.run(std::move(arguments)))) found.push_back(line["kind"]);
    std::sort(found.begin(), found.end());
    return found;
  };
  const std::vector<std::string> all{"earlier_topic", "log", "removal"};
  const auto would = kinds({"gc", "--json"});
  CHECK(std::includes(would.begin(), would.end(), all.begin(), all.end()));
  CHECK(findings(tool.bus.name(), "fault").size() >= 1);
  const auto did = kinds({"gc", "--yes", "--json"});
  CHECK(std::includes(did.begin(), did.end(), all.begin(), all.end()));
  CHECK(kinds({"gc", "--json"}).empty());
  CHECK(findings(tool.bus.name(), "fault").empty());
  CHECK(segments.all() == std::vector<std::string>{segments.registry()});
}

TEST_CASE("gc removes a bus whose registry is gone, and doctor names it", "[tool]") {
  const test::Tool tool;
  const test::Segments segments{tool.bus.name()};
  { shmbus::Bus::open(tool.bus.name()).topic("t"); }
  std::filesystem::remove(segments.registry());
  const auto faults = findings(tool.bus.name(), "fault");
  REQUIRE(faults.size() == 1);
  CHECK_THAT(faults[0]["finding"].get<std::string>(), Catch::Contains("without a registry"));
  CHECK_THAT(tool.run({"gc"}).out, Catch::Contains("would free 2 files"));
  CHECK(tool.run({"gc", "--yes"}).end == End{});
  CHECK(segments.all().empty());
}

TEST_CASE("doctor names a file that is not a segment, and gc does not touch it", "[tool]") {
  const test::Tool tool;
  const test::Segments segments{tool.bus.name()};
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  const std::string stray = "/dev/shm/shmbus." + tool.bus.name() + ".what-is-this";
  std::ofstream(stray) << "?";
  const auto faults = findings(tool.bus.name(), "fault");
  REQUIRE(faults.size() == 1);
  CHECK_THAT(faults[0]["command"].get<std::string>(), Catch::Contains(stray));
  CHECK(tool.run({"gc", "--yes"}).out == "");
  CHECK(std::filesystem::exists(stray));
  std::filesystem::remove(stray);
}

TEST_CASE("verbs fail on a bus that is damaged or of another version, with one line that says so",
          "[tool][bad_input]") {
  const test::Tool tool;
  const test::Segments segments{tool.bus.name()};
  { shmbus::Bus::open(tool.bus.name()).publisher("t").publish("x"); }
  std::string phrase;
  switch (GENERATE(0, 1, 2, 3)) {
    case 0:
      test::overwrite(segments.registry(), offsetof(shmbus::layout::RegistryHeader, version), std::uint32_t{77});
      phrase = "version 77";
      break;
    case 1:
      test::overwrite(segments.registry(), offsetof(shmbus::layout::RegistryHeader, magic), std::uint64_t{77});
      phrase = "other bytes";
      break;
    case 2:  // a file that was created by hand
      std::filesystem::resize_file(segments.registry(), 0);
      phrase = "0 bytes";
      break;
    default:
      std::filesystem::resize_file(segments.registry(), 100);
      phrase = "100 bytes";
  }
  for (const std::vector<std::string>& verb :
       test::verbs_that_read({{"gc"}, {"gc", "--yes"}, {"sub", "t"}, {"pub", "t", "x"}})) {
    CAPTURE(verb.front());
    const Finished finished = tool.run(verb);
    CHECK(finished.end == End{.status = 1});
    CHECK(finished.out == "");
    CHECK_THAT(finished.err, Catch::StartsWith("shmbus: bus '" + tool.bus.name() + "'"));
    CHECK_THAT(finished.err, Catch::Contains(phrase));
    CHECK(std::count(finished.err.begin(), finished.err.end(), '\n') == 1);
  }
  const auto faults = findings(tool.bus.name(), "fault");
  REQUIRE(faults.size() == 1);
  CHECK_THAT(faults[0]["finding"].get<std::string>(), Catch::Contains(phrase));
  const std::string text = tool.run({"doctor"}).out;
  CHECK_THAT(text, Catch::Contains("fault: bus '" + tool.bus.name() + "'"));
  CHECK_THAT(text, !Catch::Contains("bus '" + tool.bus.name() + "': bus '"));
}

TEST_CASE("verbs show what they can of a bus with one damaged topic, name the topic, and fail", "[tool][bad_input]") {
  const test::Tool tool;
  const test::Segments segments{tool.bus.name()};
  {
    shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
    bus.publisher("good").publish("x");
    bus.publisher("bad").publish("x");
  }
  test::overwrite(segments.control("bad"), offsetof(shmbus::layout::TopicHeader, version), std::uint32_t{1});
  for (const char* verb : {"ls", "ports", "who"}) {
    CAPTURE(verb);
    const Finished finished = tool.run({verb});
    CHECK(finished.end == End{.status = 1});
    CHECK_THAT(finished.err, Catch::StartsWith("shmbus: topic 'bad'") && Catch::Contains("version 1"));
    CHECK(std::count(finished.err.begin(), finished.err.end(), '\n') == 1);
  }
  CHECK_THAT(tool.run({"ls"}).out, Catch::Contains("good"));
  CHECK(tool.run({"info", "bad"}).end == End{.status = 1});
  CHECK(tool.run({"info", "good"}).end == End{});
  CHECK(findings(tool.bus.name(), "fault").size() == 1);
}

TEST_CASE("the dead nodes of a bus are listed by process", "[tool]") {
  const test::Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  const int first = leave_a_corpse(tool.bus.name()), second = leave_a_corpse(tool.bus.name());
  const auto faults = findings(tool.bus.name(), "fault");
  REQUIRE(faults.size() == 2);
  CHECK_THAT(faults[0]["finding"].get<std::string>(), Catch::Contains(std::to_string(first)));
  CHECK_THAT(faults[1]["finding"].get<std::string>(), Catch::Contains(std::to_string(second)));
  CHECK(tool.run({"gc", "--yes"}).end == End{});
  CHECK(findings(tool.bus.name(), "fault").empty());
}
