// The verbs of the command-line tool, used as a person or a script uses them.

#include <catch2/catch.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "tool_fixture.hpp"

using namespace std::string_literals;
using nlohmann::json;
using test::ChildProcess;
using test::End;
using test::Finished;
using test::Tool;

namespace {

void check_ok(const Finished& finished) {
  CHECK(finished.end == End{});
  CHECK(finished.err == "");
}

/// What sub reports when it created its bus, so that a mistyped name is noticed.
void check_new_bus_note(const Tool& tool, const std::string& err) {
  CHECK_THAT(err, Catch::StartsWith("shmbus: note: bus '" + tool.bus.name() + "' did not exist and was created"));
  CHECK(std::count(err.begin(), err.end(), '\n') == 1);
}

std::vector<json> json_lines(const std::string& text) {
  std::vector<json> objects;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) objects.push_back(json::parse(line));
  return objects;
}

}  // namespace

TEST_CASE("a subscriber that starts first sees what is published later", "[tool]") {
  const Tool tool;
  ChildProcess sub{tool.command({"sub", ">", "--count", "1"})};
  tool.wait_for_subscribers(1);
  const Finished pub = tool.run({"pub", "hello.world", "hi"});
  check_ok(pub);
  CHECK(pub.out == "");
  CHECK(sub.wait() == End{});
  CHECK(sub.out() == "hi\n");
  check_new_bus_note(tool, sub.err());
}

TEST_CASE("a consumer behind a pipe sees each event at once", "[tool]") {
  const Tool tool;
  ChildProcess sub{tool.command({"sub", "a.*"})};
  tool.wait_for_subscribers(1);
  ChildProcess pub{tool.command({"pub", "a.b", "--lines"})};
  pub.write("one\n");
  sub.wait_for_lines(1);
  pub.write("two\n");
  sub.wait_for_lines(2);
  CHECK(sub.out() == "one\ntwo\n");
}

TEST_CASE("events outlive their publisher and can be read from any start", "[tool]") {
  const Tool tool;
  check_ok(tool.run({"pub", "a", "--lines"}, "1\n2\n3\n4\n5\n"));
  const auto read = [&](const char* from, const char* count) {
    const Finished sub = tool.run({"sub", "a", "--from", from, "--count", count});
    check_ok(sub);
    return sub.out;
  };
  CHECK(read("oldest", "5") == "1\n2\n3\n4\n5\n");
  CHECK(read("seq:4", "2") == "4\n5\n");
  CHECK(read("last:1", "1") == "5\n");
  CHECK(read("time:-1h", "2") == "1\n2\n");
  CHECK(read("time:0", "1") == "1\n");
  CHECK(read("oldest", "0") == "");

  const json third = json_lines(tool.run({"sub", "a", "--from", "seq:3", "-n", "1", "--json"}).out).at(0);
  const std::string at = "time:" + third["time"].get<std::string>();
  const Finished later = tool.run({"sub", "a", "--from", at, "-n", "1", "--json"});
  CHECK(json_lines(later.out).at(0)["time"].get<std::string>() >= third["time"].get<std::string>());
}

TEST_CASE("all of standard input is one event, newlines and zeros included", "[tool]") {
  const Tool tool;
  const std::string payload = "two\nlines\0and a zero\n"s;
  check_ok(tool.run({"pub", "a"}, payload));
  check_ok(tool.run({"pub", "a"}, ""));
  CHECK(tool.run({"sub", "a", "--from", "oldest", "--count", "2"}).out == payload + "\n\n");
}

TEST_CASE("each line is an event, also an empty one, and the last one without a newline", "[tool]") {
  const Tool tool;
  check_ok(tool.run({"pub", "a", "--lines"}, "one\n\nthree\nlast"));
  CHECK(tool.run({"sub", "a", "--from", "oldest", "--count", "4"}).out == "one\n\nthree\nlast\n");
}

TEST_CASE("many lines arrive complete and in order", "[tool]") {
  const Tool tool;
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "line " + std::to_string(i) + '\n';
  check_ok(tool.run({"pub", "a", "--lines"}, text));
  const Finished sub = tool.run({"sub", "a", "--from", "oldest", "--count", "20000"});
  check_ok(sub);
  CHECK(sub.out == text);
}

TEST_CASE("TEXT is published as it is written", "[tool]") {
  const Tool tool;
  const std::vector<std::string> texts = {"",      " ",  "ls",  "sub", "{}",    R"({"a":[1,2]})",
                                          "[1,2]", "%%", "a=b", "'x'", "\"x\"", "caf\xc3\xa9"};
  std::string expected;
  for (const std::string& text : texts) {
    check_ok(tool.run({"pub", "a", text}));
    expected += text + '\n';
  }
  check_ok(tool.run({"pub", "a", "--", "-5"}));
  CHECK(tool.run({"sub", "a", "--from", "oldest", "--count", std::to_string(texts.size() + 1)}).out ==
        expected + "-5\n");
}

TEST_CASE("JSON output holds everything about an event, one object on each line", "[tool]") {
  const Tool tool;
  check_ok(tool.run({"pub", "hello.world", "hi\n\"you\""}));
  check_ok(tool.run({"pub", "hello.world"}, "\0\xff"s));
  const Finished sub = tool.run({"sub", "hello.*", "--from", "oldest", "--count", "2", "--json"});
  check_ok(sub);
  const std::vector<json> events = json_lines(sub.out);
  REQUIRE(events.size() == 2);
  CHECK(events[0]["topic"] == "hello.world");
  CHECK(events[0]["sequence"] == 1);
  CHECK(events[0]["publisher"].is_number());
  CHECK(events[0]["text"] == "hi\n\"you\"");
  CHECK_FALSE(events[0].contains("base64"));
  CHECK(events[0]["time"].get<std::string>().size() == std::string{"2024-05-01T12:00:00.000000000Z"}.size());
  CHECK(events[0]["time"] <= events[1]["time"]);
  CHECK(events[0]["id"] != events[1]["id"]);
  CHECK(events[1]["base64"] == "AP8=");
  CHECK_FALSE(events[1].contains("text"));
}

TEST_CASE("raw output can begin each line with the topic", "[tool]") {
  const Tool tool;
  check_ok(tool.run({"pub", "a.b", "hi"}));
  CHECK(tool.run({"sub", ">", "-f", "oldest", "-n", "1", "-t"}).out == "a.b hi\n");
}

TEST_CASE("a reliable subscriber loses nothing that a small ring could not hold", "[tool]") {
  const Tool tool;
  ChildProcess sub{tool.command({"sub", "a", "--reliable", "--count", "8000"})};
  tool.wait_for_subscribers(1);
  std::string text;  // less than a pipe holds, since no process reads it meanwhile
  for (int i = 0; i < 8'000; ++i) text += std::to_string(i) + '\n';
  // On a loaded machine pub may wait for a second, and then report it.
  CHECK(tool.run({"pub", "a", "--lines", "--block-size", "4096", "--blocks", "2"}, text).end == End{});
  CHECK(sub.wait() == End{});
  CHECK(sub.out() == text);
  check_new_bus_note(tool, sub.err());
}

TEST_CASE("at its end sub reports exactly how many events were lost", "[tool]") {
  const Tool tool;
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i) + '\n';
  check_ok(tool.run({"pub", "a", "--lines", "--block-size", "4KiB", "--blocks", "2"}, text));
  const Finished sub = tool.run({"sub", "a", "--from", "seq:1", "--count", "1", "--json"});
  CHECK(sub.end == End{});
  const std::uint64_t lost = json_lines(sub.out).at(0)["sequence"].get<std::uint64_t>() - 1;
  CHECK(lost > 0);
  CHECK_THAT(sub.err, Catch::StartsWith("shmbus: pattern 'a': " + std::to_string(lost) + " of "));
  CHECK(std::count(sub.err.begin(), sub.err.end(), '\n') == 1);
}

TEST_CASE("ls lists topics and what they hold", "[tool]") {
  const Tool tool;
  check_ok(tool.run({"pub", "a.b", "--lines"}, "1\n2\n3\n"));
  check_ok(tool.run({"pub", "c", "x", "--exclusive"}));
  ChildProcess sub{tool.command({"sub", "a.>", "--from", "oldest"})};
  sub.wait_for_lines(3);

  const Finished table = tool.run({"ls"});
  check_ok(table);
  CHECK_THAT(table.out, Catch::StartsWith("TOPIC"));
  CHECK(std::count(table.out.begin(), table.out.end(), '\n') == 3);

  const Finished listed = tool.run({"ls", "--json"});
  check_ok(listed);
  const std::vector<json> topics = json_lines(listed.out);
  REQUIRE(topics.size() == 2);
  CHECK(topics[0]["topic"] == "a.b");
  CHECK(topics[0]["type"].is_null());
  CHECK(topics[0]["published"] == 3);
  CHECK(topics[0]["retained"] == 3);
  CHECK(topics[0]["publishers"] == 0);
  CHECK(topics[0]["subscribers"] == 1);
  CHECK(topics[0]["memory"] > 0);
  CHECK(topics[1]["topic"] == "c");
  CHECK(topics[1]["exclusive"] == true);
}

TEST_CASE("ls --buses lists the bus, and creates none", "[tool]") {
  const Tool tool;
  const Tool other;
  check_ok(tool.run({"pub", "a", "x"}));
  CHECK(other.run({"ls"}).end == End{.status = 1});
  const Finished buses = other.run({"ls", "--buses"});
  check_ok(buses);
  CHECK_THAT("\n" + buses.out, Catch::Contains("\n" + tool.bus.name() + "\n"));
  CHECK_THAT("\n" + buses.out, !Catch::Contains("\n" + other.bus.name() + "\n"));
  CHECK_THAT(other.run({"ls", "--buses", "--json"}).out, Catch::Contains("{\"bus\":\"" + tool.bus.name() + "\"}\n"));
}

TEST_CASE("rm removes one topic, or the bus, and says what it removed, or that there was none", "[tool]") {
  const Tool tool;
  check_ok(tool.run({"pub", "a", "x"}));
  check_ok(tool.run({"pub", "b", "x"}));
  const Finished topic = tool.run({"rm", "--topic", "a"});
  check_ok(topic);
  CHECK_THAT(topic.out, Catch::StartsWith("removed topic 'a' of bus '" + tool.bus.name() + "' (1 retained event, "));
  const Finished none = tool.run({"rm", "--topic", "a"});
  CHECK(none.end == End{.status = 1});
  CHECK_THAT(none.err, Catch::Contains("no topic matches 'a'"));
  const Finished forced = tool.run({"rm", "--topic", "a", "-f"});
  check_ok(forced);
  CHECK(forced.out == "");
  CHECK(json_lines(tool.run({"ls", "--json"}).out).size() == 1);
  const Finished bus = tool.run({"rm"});
  check_ok(bus);
  CHECK_THAT(bus.out, Catch::StartsWith("removed bus '" + tool.bus.name() + "' (1 topic, "));
  const Finished again = tool.run({"rm"});
  CHECK(again.end == End{.status = 1});
  CHECK_THAT(again.err, Catch::StartsWith("shmbus: bus '" + tool.bus.name() + "' does not exist"));
  const Finished nothing = tool.run({"rm", "-f"});
  check_ok(nothing);
  CHECK(nothing.out == "");
  check_ok(tool.run({"rm", "-f", "--topic", "a"}));
  CHECK(tool.run({"ls"}).end == End{.status = 1});  // none of these commands created it anew
}

TEST_CASE("rm refuses to remove what is in use, names the processes, and removes it with --force", "[tool]") {
  const Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  shmbus::Publisher publisher = bus.publisher("used");
  bus.topic("unused");
  const std::string pid = "(pid " + std::to_string(::getpid()) + ")";
  for (const std::vector<std::string>& verb : {std::vector<std::string>{"rm"}, {"rm", "--topic", "used"}}) {
    const Finished refused = tool.run(verb);
    CHECK(refused.end == End{.status = 1});
    CHECK(refused.out == "");
    CHECK_THAT(refused.err, Catch::Contains(" is in use by ") && Catch::Contains(pid) && Catch::Contains("--force"));
  }
  CHECK(json_lines(tool.run({"ls", "--json"}).out).size() == 2);
  check_ok(tool.run({"rm", "--topic", "unused"}));
  check_ok(tool.run({"rm", "--topic", "used", "--force"}));
  CHECK(publisher.publish("x").status() == shmbus::Status::closed);
  check_ok(tool.run({"rm", "--force"}));
  CHECK(bus.removed());
}

TEST_CASE("sub ends when its bus is removed, after it has read what is left", "[tool]") {
  const Tool tool;
  check_ok(tool.run({"pub", "a", "x"}));
  ChildProcess sub{tool.command({"sub", "a", "--from", "oldest"})};
  sub.wait_for_lines(1);
  check_ok(tool.run({"rm", "--force"}));
  CHECK(sub.wait() == End{.status = 1});
  CHECK(sub.out() == "x\n");
  CHECK_THAT(sub.err(), Catch::Contains("removed"));
}

TEST_CASE("the bus can be named before the verb, after it, or by the environment", "[tool]") {
  const Tool tool;
  check_ok(test::run({SHMBUS_TOOL, "--bus", tool.bus.name(), "pub", "a", "1"}));
  check_ok(test::run({SHMBUS_TOOL, "pub", "--bus", tool.bus.name(), "a", "2"}));
  check_ok(test::run({SHMBUS_TOOL, "pub", "a", "3", "--bus", tool.bus.name()}));
  check_ok(test::run({"/usr/bin/env", "SHMBUS_BUS=" + tool.bus.name(), SHMBUS_TOOL, "pub", "a", "4"}));
  CHECK(tool.run({"sub", "a", "-f", "oldest", "-n", "4"}).out == "1\n2\n3\n4\n");
}

TEST_CASE("on a terminal sub says what it waits for, and shows binary raw payloads in hexadecimal", "[tool]") {
  const Tool tool;
  ChildProcess sub{tool.command({"sub", ">", "--raw"}), ChildProcess::Streams::terminal};
  sub.wait_for_output("waiting for events that match '>' on bus '" + tool.bus.name() + "'");
  check_ok(tool.run({"pub", "hello.world", "hi"}));
  check_ok(tool.run({"pub", "hello.world"}, "\x1b[2J"));
  sub.wait_for_output("\nhi\n1b5b324a\n");
}

TEST_CASE("help and version go to standard output", "[tool]") {
  for (const char* verb : {"ls", "pub", "sub", "topic", "rm"}) {
    CAPTURE(verb);
    const Finished help = test::run({SHMBUS_TOOL, verb, "--help"});
    check_ok(help);
    CHECK(test::run({SHMBUS_TOOL, "help", verb}).out == help.out);
    CHECK_THAT(help.out, Catch::Contains("Example") && Catch::Contains("shmbus "s + verb));
  }
  const Finished help = test::run({SHMBUS_TOOL, "--help"});
  check_ok(help);
  CHECK_THAT(help.out, Catch::Contains("shmbus pub hello.world hi"));
  CHECK(test::run({SHMBUS_TOOL, "help"}).out == help.out);
  const Finished version = test::run({SHMBUS_TOOL, "--version"});
  check_ok(version);
  CHECK_THAT(version.out, Catch::StartsWith("shmbus "));
}

TEST_CASE("topic creates a topic with the options it is given, and says so", "[tool]") {
  const Tool tool;
  const Finished made = tool.run({"topic", "a.b", "--block-size", "8K", "--blocks", "4", "--exclusive", "--reserve",
                                  "--no-timestamps", "--accept-raw", "--mode", "0640"});
  check_ok(made);
  CHECK_THAT(made.out, Catch::StartsWith("topic 'a.b' on bus '" + tool.bus.name() + "': created: 4 blocks of 8.0 KiB"));
  const json info = json_lines(tool.run({"info", "a.b", "--json"}).out).at(0);
  CHECK(info["block_size"] == 8192);
  CHECK(info["blocks"] == 4);
  CHECK(info["exclusive"] == true);
  CHECK(info["reserved"] == true);
  CHECK(info["timestamps"] == false);
  CHECK(info["accepts_raw"] == true);
  CHECK(info["mode"] == "0640");
  const Finished again = tool.run({"topic", "a.b", "--blocks", "4"});
  check_ok(again);
  CHECK_THAT(again.out, Catch::Contains("exists already, as asked for"));
}

TEST_CASE("topic names the options that an existing topic does not match", "[tool]") {
  const Tool tool;
  check_ok(tool.run({"topic", "t", "--blocks", "4"}));
  const Finished other = tool.run({"topic", "t", "--blocks", "16", "--exclusive"});
  CHECK(other.end == End{.status = 1});
  CHECK(other.out == "");
  CHECK_THAT(other.err, Catch::Contains("--blocks 16 (it has 4)") && Catch::Contains("--exclusive"));
  CHECK(tool.run({"topic", "t", "--strict"}).end == End{.status = 2});
}

TEST_CASE("info shows a topic's exact limits", "[tool]") {
  const Tool tool;
  check_ok(tool.run({"topic", "t", "--block-size", "64K", "--exclusive"}));
  const std::string info = tool.run({"info", "t"}).out;
  const std::size_t most = shmbus::Bus::open(tool.bus.name()).find_topic("t")->max_payload;
  CHECK_THAT(info, Catch::Contains("payload     at most " + std::to_string(most) + " bytes (64.0 KiB)\n"));
  CHECK_THAT(info, Catch::Contains("publishers  0, at most 1\n") && Catch::Contains("subscribers 0, at most 64\n"));
  CHECK_THAT(info, Catch::Contains("blocks      16 of 65536 bytes (64.0 KiB)\n"));
}

TEST_CASE("ls lists the topics that match", "[tool]") {
  const Tool tool;
  for (const char* topic : {"a.b", "a.c", "d"}) check_ok(tool.run({"topic", topic}));
  CHECK(json_lines(tool.run({"ls", "a.*", "--json"}).out).size() == 2);
  CHECK(json_lines(tool.run({"ls", "d", "--json"}).out).size() == 1);
  CHECK(tool.run({"ls", "a.*.c"}).end == End{.status = 1});
}

TEST_CASE("a reliable sub may be demoted, and then reports what it lost", "[tool]") {
  const Tool tool;
  ChildProcess sub{tool.command({"sub", "t", "--reliable", "--demote-after", "1ms"})};
  tool.wait_for_subscribers(1);
  sub.wait_until_idle();
  const auto subscription = [&] { return shmbus::Inspector{tool.bus.name()}.snapshot().subscriptions.at(0); };
  CHECK(subscription().delivery == shmbus::Delivery::reliable);
  sub.kill(SIGSTOP);
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i) + '\n';
  CHECK(tool.run({"pub", "t", "--lines", "--block-size", "4096", "--blocks", "2"}, text).end == End{});
  sub.kill(SIGCONT);
  sub.wait_until_idle();
  sub.kill(SIGINT);
  CHECK(sub.wait() == End{.signal = SIGINT});
  CHECK_THAT(sub.err(), Catch::Contains(" sequences lost"));
}
