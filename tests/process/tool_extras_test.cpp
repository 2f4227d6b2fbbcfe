// Headers, key and trace context of events in the command-line tool, and tail and replay without a port.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "tool_fixture.hpp"

using nlohmann::json;
using test::ChildProcess;
using test::End;
using test::Finished;
using test::Tool;

namespace {

const std::string traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

void check_ok(const Finished& finished) {
  CHECK(finished.err == "");
  CHECK(finished.end == End{});
}

/// Checks what `pub --header a=1 --header b=x=y --header a= --key user-42 --traceparent` sent.
void check_extras(const json& event) {
  CHECK(event["key"] == "user-42");
  CHECK(event["headers"] == json::parse(R"([{"name":"a","value":"1"},{"name":"b","value":"x=y"},{"name":"a","value":""}])"));
  CHECK(event["traceparent"] == traceparent);
}

const std::vector<std::string> extras{"--header", "a=1",   "--header", "b=x=y",         "--header", "a=",
                                      "--key",    "user-42", "--traceparent", traceparent};

std::vector<std::string> pub(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "pub");
  arguments.insert(arguments.end(), extras.begin(), extras.end());
  return arguments;
}

}  // namespace

TEST_CASE("pub sends headers, a key and a trace context; sub, tail and replay show them", "[tool]") {
  const Tool tool;
  check_ok(tool.run(pub({"t", "payload"})));
  check_ok(tool.run(pub({"t", "--lines"}), "one\ntwo\n"));
  for (const std::vector<std::string>& read : {std::vector<std::string>{"tail", "t", "--json"},
                                               {"replay", "t", "--quick", "--json"},
                                               {"sub", "t", "--from", "oldest", "--count", "3", "--json"}}) {
    const Finished finished = tool.run(read);
    check_ok(finished);
    const std::vector<std::string> lines = lines_of(finished.out);
    REQUIRE(lines.size() == 3);
    for (const std::string& line : lines) check_extras(json::parse(line));
    CHECK(json::parse(lines[2])["text"] == "two");
  }
  CHECK(tool.run({"tail", "t"}).out == "payload\none\ntwo\n");
}

TEST_CASE("replay publishes headers, key and trace context again", "[tool]") {
  const Tool tool, other;
  check_ok(tool.run(pub({"t", "payload"})));
  check_ok(tool.run({"replay", "t", "--quick", "--into", other.bus.name()}));
  check_extras(json::parse(other.run({"tail", "t", "--json"}).out));
}

TEST_CASE("a header without a name, and a trace context that breaks the standard, are refused in words", "[tool]") {
  const Tool tool;
  for (const char* header : {"=value", "name", ""}) {
    const Finished finished = tool.run({"pub", "t", "x", "--header", header});
    CHECK(finished.end == End{.status = 2});
    CHECK_THAT(finished.err, Catch::Contains("--header") && Catch::Contains("NAME=VALUE"));
  }
  for (const char* text : {"", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                           "00-00000000000000000000000000000000-b7ad6b7169203331-01"}) {
    const Finished finished = tool.run({"pub", "t", "x", "--traceparent", text});
    CHECK(finished.end == End{.status = 2});
    CHECK_THAT(finished.err, Catch::Contains("--traceparent") && Catch::Contains("32 hex digits"));
  }
}

TEST_CASE("an event that is too large with its headers is refused, and the text names them", "[tool]") {
  const Tool tool;
  const std::string payload(4000, 'x');
  check_ok(tool.run({"pub", "t", payload, "--block-size", "4096"}));
  const Finished finished = tool.run({"pub", "t", payload, "--key", std::string(200, 'k')});
  CHECK(finished.end == End{.status = 1});
  CHECK_THAT(finished.err, Catch::Contains("together with its headers, key and trace") &&
                               Catch::Contains("4000 bytes of payload alone"));
  const Finished plain = tool.run({"pub", "t", std::string(5000, 'x')});
  CHECK(plain.end == End{.status = 1});
  CHECK_THAT(plain.err, !Catch::Contains("headers"));
}

TEST_CASE("tail and replay read a topic whose 64 subscriber ports are taken", "[tool]") {
  const Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  shmbus::Publisher publisher = bus.publisher("t");
  std::vector<shmbus::Subscriber> subscribers;
  for (int i = 0; i < 64; ++i) subscribers.push_back(bus.subscriber("t"));
  publisher.publish("one");
  CHECK(tool.run({"tail", "t"}).out == "one\n");
  CHECK(tool.run({"replay", "t", "--quick"}).out == "one\n");
  ChildProcess follows{tool.command({"tail", "t", "-f"})};
  follows.wait_for_lines(1);
  publisher.publish("two");
  follows.wait_for_lines(2);
  CHECK(follows.out() == "one\ntwo\n");
  CHECK(shmbus::Inspector{tool.bus.name()}.snapshot().nodes.size() == 1);  // it joined nothing
}

TEST_CASE("tail prints the events of several topics in the order of their times", "[tool]") {
  const Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  shmbus::Publisher a = bus.publisher("a"), b = bus.publisher("b");
  a.publish("1");
  b.publish("2");
  a.publish("3");
  CHECK(tool.run({"tail", ">"}).out == "1\n2\n3\n");
}

TEST_CASE("tail says that an event is not committed, and prints what is before it", "[tool]") {
  const Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  shmbus::Publisher publisher = bus.publisher("t"), other = bus.publisher("t");
  publisher.publish("one");
  auto loan = other.loan(10);
  publisher.publish("three");
  const Finished finished = tool.run({"tail", "t"});
  CHECK(finished.out == "one\n");
  CHECK(finished.end == End{.status = 1});
  CHECK_THAT(finished.err, Catch::Contains("topic 't'") && Catch::Contains("event 2"));
}

TEST_CASE("tail -f ends when nobody reads its output, and when the bus is removed", "[tool]") {
  const Tool tool;
  {
    shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
    bus.publisher("t").publish("one");
  }
  const std::string command = std::string(SHMBUS_TOOL) + " --bus " + tool.bus.name() + " tail -f t | head -n 1";
  CHECK(test::run({"/bin/bash", "-c", command}).out == "one\n");
  ChildProcess follows{tool.command({"tail", "t", "-f"})};
  follows.wait_for_lines(1);
  shmbus::Bus::remove(tool.bus.name());
  CHECK(follows.wait() == End{.status = 1});
  CHECK_THAT(follows.err(), Catch::Contains("was removed"));
}
