// Bad input to the command-line tool gives one line that names the thing, what was expected and what was found, and an
// exit status.

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "tool_fixture.hpp"

using namespace std::string_literals;
using test::ChildProcess;
using test::End;
using test::Finished;
using test::Tool;

namespace {

constexpr End failure{.status = 1};
constexpr End usage{.status = 2};

void check_error(const Finished& finished, End end, const std::string& named) {
  CHECK(finished.end == end);
  CHECK(finished.out == "");
  CHECK_THAT(finished.err, Catch::StartsWith("shmbus: ") && Catch::EndsWith("\n") && Catch::Contains(named));
  CHECK(std::count(finished.err.begin(), finished.err.end(), '\n') == 1);
}

}  // namespace

TEST_CASE("wrong arguments are a usage error", "[tool]") {
  const Tool tool;
  check_error(tool.run({}), usage, "--help");
  check_error(tool.run({"publish"}), usage, "unknown verb 'publish' (did you mean 'pub'?)");
  check_error(tool.run({"subb", "a"}), usage, "unknown verb 'subb' (did you mean 'sub'?)");
  check_error(tool.run({"frobnicate"}), usage, "unknown verb 'frobnicate'; verbs: ls, info, ");
  check_error(tool.run({"help", "prots"}), usage, "(did you mean 'ports'?)");
  check_error(tool.run({"pub"}), usage, "TOPIC is missing");
  check_error(tool.run({"sub"}), usage, "PATTERN");
  check_error(tool.run({"sub", "a", "b", "c"}), usage, "sub takes PATTERN, found also 'b', 'c'");
  check_error(tool.run({"rm", "a"}), usage, "rm takes no argument, found 'a'");
  check_error(tool.run({"sub", "a", "--wrong"}), usage, "unknown option '--wrong' of sub");
  check_error(tool.run({"sub", "a", "--cuont", "1"}), usage,
              "unknown option '--cuont' of sub (did you mean '--count'?)");
  check_error(tool.run({"sub", "a", "--count", "many"}), usage, "--count: expected a whole number, found 'many'");
  check_error(tool.run({"sub", "a", "--count"}), usage, "option --count needs a value");
  check_error(tool.run({"sub", "a", "-n", "1", "-n", "2"}), usage, "option --count is given more than once");
  check_error(tool.run({"sub", "a", "--demote-after", "1s"}), usage, "--demote-after is given without --reliable");
  check_error(tool.run({"sub", "a", "--durable", "d", "--hold-for", "1s"}), usage,
              "--hold-for is given without --reliable");
  check_error(tool.run({"sub", "a", "--reliable", "--hold-for", "1s"}), usage, "--hold-for is given without --durable");
  check_error(tool.run({"sub", "a", "--reliable", "--demote-after", "1"}), usage, "expected a length of time");
  check_error(tool.run({"sub", "a", "--count", "-1"}), usage, "-1");
  check_error(tool.run({"pub", "a", "x", "--lines"}), usage, "TEXT and --lines exclude each other");
  check_error(tool.run({"pub", "a", "x", "--block-size", "5xb"}), usage,
              "--block-size: expected a number of bytes, such as 65536, 64K or 16M, found '5xb'");
  check_error(tool.run({"stat", "0"}), usage, "INTERVAL: expected a number from 0.01 to 86400, found '0'");
}

TEST_CASE("names outside the allowed characters or length are refused by name", "[tool]") {
  const Tool tool;
  for (const std::string& topic :
       {""s, "a b"s, "a/b"s, ".a"s, "a."s, "a..b"s, "a.*"s, ">"s, "../x"s, std::string(128, 'a')}) {
    CAPTURE(topic);
    check_error(tool.run({"pub", topic, "x"}), usage, "'" + topic + "'");
  }
  for (const std::string& pattern : {""s, "a b"s, "a.>.b"s, "a*"s, "a>"s, ".>"s}) {
    CAPTURE(pattern);
    check_error(tool.run({"sub", pattern}), usage, "'" + pattern + "'");
  }
  for (const std::string& bus : {"a.b"s, "a/b"s, "a b"s, std::string(33, 'a')}) {
    CAPTURE(bus);
    for (const char* verb : {"pub", "sub"})
      check_error(test::run({SHMBUS_TOOL, "--bus", bus, verb, "a"}), usage, "'" + bus + "'");
    for (const char* verb : {"ls", "rm"})
      check_error(test::run({SHMBUS_TOOL, "--bus", bus, verb}), usage, "'" + bus + "'");
  }
}

TEST_CASE("an empty topic name does not remove the bus", "[tool]") {
  const Tool tool;
  CHECK(tool.run({"pub", "a", "x"}).end == End{});
  check_error(tool.run({"rm", "--topic", ""}), usage, "''");
  CHECK(tool.run({"ls"}).end == End{});
}

TEST_CASE("a name cannot break an error into lines or control the terminal", "[tool]") {
  const Tool tool;
  const Finished pub = tool.run({"pub", "a\nb\x1b[2J", "x"});
  check_error(pub, usage, "topic");
  CHECK(pub.err.find('\x1b') == std::string::npos);
  check_error(tool.run({"sub", "a", "--from", "x\ny"}), usage, "'x\\x0ay'");
}

TEST_CASE("a start that cannot be read is refused before anything is created", "[tool]") {
  const Tool tool;
  for (const char* from : {"newest", "seq:0", "seq:x", "last:-1", "time:yesterday", "time:2024-05-01T12:00:00"}) {
    CAPTURE(from);
    check_error(tool.run({"sub", "a", "--from", from}), usage, "'"s + from + "'");
  }
  CHECK(tool.run({"ls"}).end == failure);
}

TEST_CASE("block sizes and numbers outside their range are refused", "[tool]") {
  const Tool tool;
  check_error(tool.run({"pub", "a", "x", "--block-size", "5000"}), usage, "5000");
  check_error(tool.run({"pub", "a", "x", "--block-size", "2048"}), usage, "2048");
  check_error(tool.run({"pub", "a", "x", "--blocks", "1"}), usage, "1");
  check_error(tool.run({"pub", "a", "x", "--blocks", "100000"}), usage, "100000");
}

TEST_CASE("a payload larger than a block is refused, and what was published before stays", "[tool]") {
  const Tool tool;
  const std::string large(5000, 'x');
  CHECK(tool.run({"pub", "a", "before", "--block-size", "4096"}).end == End{});
  check_error(tool.run({"pub", "a", large}), failure, "5000 bytes");
  check_error(tool.run({"pub", "a"}, large), failure, "standard input");
  check_error(tool.run({"pub", "a", "--lines"}, "one\n" + large + "\nthree\n"), failure, "line 2 of standard input");
  check_error(tool.run({"pub", "a", "--lines"}, "four\n" + std::string(100'000, 'x')), failure,
              "line 2 of standard input");
  const Finished sub = tool.run({"sub", "a", "--from", "oldest", "--count", "3"});
  CHECK(sub.out == "before\none\nfour\n");
}

TEST_CASE("an endless payload is refused as soon as it is too large", "[tool]") {
  const Tool tool;
  const Finished pub =
      test::run({"/bin/sh", "-c", R"(exec "$0" --bus "$1" pub a < /dev/zero)", SHMBUS_TOOL, tool.bus.name()});
  check_error(pub, failure, "standard input");
}

TEST_CASE("a second publisher on an exclusive topic is refused", "[tool]") {
  const Tool tool;
  ChildProcess sub{tool.command({"sub", "a"})};
  tool.wait_for_subscribers(1);
  ChildProcess first{tool.command({"pub", "a", "--lines", "--exclusive"})};
  first.write("x\n");
  sub.wait_for_lines(1);
  check_error(tool.run({"pub", "a", "y"}), failure, "'a'");
}

TEST_CASE("options that an existing topic does not match are named, and the event is published", "[tool]") {
  const Tool tool;
  CHECK(tool.run({"pub", "a", "x", "--blocks", "3", "--block-size", "64KiB"}).err == "");
  CHECK(tool.run({"pub", "a", "x", "--blocks", "3", "--block-size", "64KiB"}).err == "");
  const Finished pub = tool.run({"pub", "a", "y", "--blocks", "8", "--block-size", "4KiB", "--exclusive"});
  CHECK(pub.end == End{});
  CHECK_THAT(pub.err, Catch::Contains("--blocks") && Catch::Contains("--block-size") && Catch::Contains("--exclusive"));
  CHECK(tool.run({"sub", "a", "-f", "last:1", "-n", "1"}).out == "y\n");
}

TEST_CASE("output that cannot be written is an error", "[tool]") {
  const Tool tool;
  CHECK(tool.run({"pub", "a", "x"}).end == End{});
  const std::string script = R"("$0" --bus "$1" sub a --from oldest --count 1 > /dev/full)";
  check_error(test::run({"/bin/sh", "-c", script, SHMBUS_TOOL, tool.bus.name()}), failure, "standard output");
}

TEST_CASE("output to closed standard streams never goes into a segment", "[tool]") {
  const Tool tool;
  CHECK(tool.run({"pub", "a", "x"}).end == End{});
  const auto script = [&](const char* text) {
    return test::run({"/bin/sh", "-c", text, SHMBUS_TOOL, tool.bus.name()});
  };
  check_error(script(R"("$0" --bus "$1" sub a --from oldest --count 1 >&-)"), failure, "standard output");
  check_error(script(R"("$0" --bus "$1" pub a <&-)"), failure, "standard input");
  CHECK(script(R"("$0" --bus "$1" pub "a b" x 2>&-)").end == usage);
  CHECK(tool.run({"sub", "a", "--from", "oldest", "--count", "1"}).out == "x\n");
}

TEST_CASE("an error for a bus that does not exist names those that do", "[tool]") {
  const Tool tool, other;
  CHECK(other.run({"topic", "a"}).end == End{});
  for (const auto& verb : test::verbs_that_read({{"gc"}, {"doctor"}, {"rm"}, {"rm", "--topic", "t"}}))
    check_error(tool.run(verb), failure, "bus '" + tool.bus.name() + "' does not exist; buses here: ");
}

TEST_CASE("an error for a topic that does not exist suggests one with a similar name", "[tool]") {
  const Tool tool;
  CHECK(tool.run({"pub", "hello.world", "hi"}).end == End{});
  const std::string named =
      "bus '" + tool.bus.name() + "': no topic matches 'helo.world' (did you mean 'hello.world'?)";
  for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{{"info", "helo.world"},
                                                                                    {"tail", "helo.world"},
                                                                                    {"ls", "helo.world"},
                                                                                    {"stat", "--topic", "helo.world"},
                                                                                    {"ports", "helo.world"},
                                                                                    {"hz", "helo.world"},
                                                                                    {"replay", "helo.world"},
                                                                                    {"rm", "--topic", "helo.world"}}) {
    CAPTURE(verb.front());
    check_error(tool.run(verb), failure, named);
  }
  check_error(tool.run({"tail", "a.*"}), failure, "no topic matches 'a.*'");
}

TEST_CASE("a pub that fails creates nothing", "[tool]") {
  const Tool tool;
  const std::string large(5000, 'x');
  check_error(tool.run({"pub", "a", large, "--block-size", "4096"}), failure, "5000 bytes");
  CHECK(tool.run({"pub", "a", "--block-size", "4096"}, large).end == failure);
  CHECK(tool.run({"pub", "a", "--lines", "--block-size", "4096"}, large + "\n").end == failure);
  CHECK(tool.run({"pub", "a", "x", "--blocks", "1"}).end == usage);
  CHECK(tool.run({"pub", "a..b", "x"}).end == usage);
  CHECK(tool.run({"pub", "a", "x", "--as-type"}).end == failure);
  CHECK(tool.run({"topic", "a", "--blocks", "1"}).end == usage);
  check_error(tool.run({"ls"}), failure, "does not exist");

  // It does not remove what existed before either, nor the topic it published to.
  CHECK(tool.run({"topic", "b"}).end == End{});
  CHECK(tool.run({"pub", "a", large, "--block-size", "4096"}).end == failure);
  CHECK(tool.run({"pub", "c", "--lines", "--block-size", "4096"}, "one\n" + large + "\n").end == failure);
  CHECK(tool.run({"tail", "c"}).out == "one\n");
  check_error(tool.run({"info", "a"}), failure, "no topic matches 'a'");
  CHECK(tool.run({"info", "b"}).end == End{});
}

TEST_CASE("a pub whose topic or bus is removed says which of them was removed", "[tool]") {
  const Tool tool;
  for (const bool whole_bus : {false, true}) {
    ChildProcess pub{tool.command({"pub", "a", "--lines"})};
    pub.write("one\n");
    tool.wait_for_event();
    CHECK(tool.run(whole_bus ? std::vector<std::string>{"rm", "--force"}
                             : std::vector<std::string>{"rm", "--force", "--topic", "a"})
              .end == End{});
    pub.write("two\n");
    pub.close_input();
    CHECK(pub.wait() == failure);
    CHECK_THAT(pub.err(), Catch::Contains("line 2 of standard input: " +
                                          (whole_bus ? "bus '" + tool.bus.name() + "'" : std::string{"topic 'a'"}) +
                                          " was removed"));
  }
}

TEST_CASE("a second publisher of an exclusive topic gets an error that names the process of the first", "[tool]") {
  const Tool tool;
  ChildProcess first{tool.command({"pub", "a", "--lines", "--exclusive"})};
  tool.wait_for_publisher();
  check_error(tool.run({"pub", "a", "y"}), failure, "'shmbus' (pid " + std::to_string(first.pid()) + ")");
}
