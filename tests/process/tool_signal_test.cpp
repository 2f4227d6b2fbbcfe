// On signals and closed pipes the command-line tool ends as coreutils do, and its node leaves the bus; while it waits it
// uses no processor time.

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "tool_fixture.hpp"

using namespace std::chrono_literals;
using test::ChildProcess;
using test::End;
using test::Tool;

namespace {

/// No node, dead or alive, is left in the bus's table of nodes.
void check_no_node(const Tool& tool) { CHECK(shmbus::Inspector{tool.bus.name()}.snapshot().nodes.empty()); }

}  // namespace

TEST_CASE("a signal ends a waiting sub with the signal's status, and its node leaves", "[tool]") {
  const Tool tool;
  { shmbus::Bus::open(tool.bus.name()); }
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    CAPTURE(signal);
    ChildProcess sub{tool.command({"sub", "a"})};
    tool.wait_for_subscribers(1);
    sub.wait_until_idle();
    sub.kill(signal);
    CHECK(sub.wait() == End{.signal = signal});
    CHECK(sub.err() == "");
    check_no_node(tool);
  }
}

TEST_CASE("Ctrl-C ends a sub on a terminal", "[tool]") {
  const Tool tool;
  ChildProcess sub{tool.command({"sub", "a"}), ChildProcess::Streams::terminal};
  sub.wait_for_output("waiting for events");
  sub.write("\x03");
  CHECK(sub.wait() == End{.signal = SIGINT});
  check_no_node(tool);
}

TEST_CASE("a shell sees the exit status 128 plus the number of the signal", "[tool]") {
  const Tool tool;
  const std::string script =
      R"("$0" --bus "$1" sub a & pid=$!; echo started; read line; kill -TERM $pid; wait $pid; echo $?)";
  ChildProcess shell{{"/bin/sh", "-c", script, SHMBUS_TOOL, tool.bus.name()}};
  tool.wait_for_subscribers(1);
  shell.write("go\n");
  CHECK(shell.wait() == End{});
  CHECK(shell.out() == "started\n143\n");
}

TEST_CASE("a signal ignored from the start stays ignored", "[tool]") {
  const Tool tool;
  ChildProcess sub{{"/bin/sh", "-c", R"(trap '' INT; exec "$0" --bus "$1" sub a)", SHMBUS_TOOL, tool.bus.name()}};
  tool.wait_for_subscribers(1);
  sub.wait_until_idle();
  sub.kill(SIGINT);
  CHECK(tool.run({"pub", "a", "x"}).end == End{});
  sub.wait_for_lines(1);
  sub.kill(SIGTERM);
  CHECK(sub.wait() == End{.signal = SIGTERM});
}

TEST_CASE("SIGINT ends a pub that waits for input", "[tool]") {
  const Tool tool;
  for (const auto& arguments : {std::vector<std::string>{"pub", "a"}, {"pub", "a", "--lines"}}) {
    ChildProcess pub{tool.command(arguments)};
    pub.write("begun");
    tool.wait_for_publisher();
    pub.wait_until_idle();
    pub.kill(SIGINT);
    CHECK(pub.wait() == End{.signal = SIGINT});
    CHECK(pub.err() == "");
    check_no_node(tool);
  }
  const std::string listed = tool.run({"ls", "--json"}).out;
  CHECK_THAT(listed, Catch::Contains("\"published\":0,"));  // half a payload does not become an event
}

TEST_CASE("pub waits under back-pressure and says which process holds it back, and SIGINT ends the wait", "[tool]") {
  const Tool tool;
  ChildProcess sub{tool.command({"sub", "a", "--reliable"})};
  tool.wait_for_subscribers(1);
  sub.wait_until_idle();
  sub.kill(SIGSTOP);
  ChildProcess pub{tool.command({"pub", "a", "--lines", "--block-size", "4096", "--blocks", "2"})};
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i) + '\n';
  pub.write(text);
  pub.close_input();
  tool.wait_for_event();
  pub.wait_until_idle();
  pub.wait_for_error("waiting: ");
  pub.kill(SIGINT);
  CHECK(pub.wait() == End{.signal = SIGINT});
  CHECK_THAT(pub.err(), Catch::StartsWith("shmbus: waiting: shmbus sub of shmbus (pid " + std::to_string(sub.pid()) +
                                          ", stopped) holds the ring back, for "));
  CHECK_THAT(pub.err(), Catch::Contains("kill -CONT " + std::to_string(sub.pid())));
  CHECK(std::count(pub.err().begin(), pub.err().end(), '\n') == 1);

  // All events that were published before are there, in order.
  const shmbus::TopicSnapshot topic = shmbus::Inspector{tool.bus.name()}.snapshot().topics.at(0);
  CHECK(topic.published > 0);
  CHECK(topic.published < 5000);
  sub.kill(SIGCONT);
  sub.wait_for_lines(topic.published);
  CHECK(sub.out() == text.substr(0, sub.out().size()));
}

TEST_CASE("sub ends by SIGPIPE when it prints to a closed pipe", "[tool]") {
  const Tool tool;
  { shmbus::Bus::open(tool.bus.name()); }
  ChildProcess pub{tool.command({"pub", "a", "--lines"})};
  ChildProcess sub{tool.command({"sub", "a", "--from", "oldest"})};
  pub.write("one\n");
  sub.wait_for_lines(1);
  sub.close_output();
  pub.write("two\n");
  CHECK(sub.wait() == End{.signal = SIGPIPE});
  CHECK(sub.err() == "");
}

TEST_CASE("sub ends when the other end of its pipe is closed, without waiting for an event", "[tool]") {
  const Tool tool;
  CHECK(tool.run({"pub", "a", "--lines"}, "one\ntwo\n").end == End{});
  ChildProcess sub{tool.command({"sub", "a", "--from", "oldest"})};
  sub.wait_for_lines(2);
  sub.close_output();
  CHECK(sub.wait() == End{.signal = SIGPIPE});
  CHECK(sub.err() == "");
  check_no_node(tool);

  const std::string script = R"("$0" --bus "$1" sub a --from oldest | head -n 1)";
  const auto head = test::run({"/bin/sh", "-c", script, SHMBUS_TOOL, tool.bus.name()});
  CHECK(head.end == End{});
  CHECK(head.out == "one\n");
  CHECK(head.err == "");
}

TEST_CASE("a closed pipe is an error where SIGPIPE was ignored from the start", "[tool]") {
  const Tool tool;
  CHECK(tool.run({"pub", "a", "one"}).end == End{});
  ChildProcess sub{
      {"/bin/sh", "-c", R"(trap '' PIPE; exec "$0" --bus "$1" sub a --from oldest)", SHMBUS_TOOL, tool.bus.name()}};
  sub.wait_for_lines(1);
  sub.close_output();
  CHECK(sub.wait() == End{.status = 1});
  CHECK_THAT(sub.err(), Catch::StartsWith("shmbus: standard output: "));
}

TEST_CASE("an idle sub uses no processor time and wakes no more often than once a stall limit", "[tool][serial]") {
  const Tool tool;
  CHECK(tool.run({"pub", "a", "one"}).end == End{});
  ChildProcess sub{tool.command({"sub", ">", "--from", "oldest"})};
  sub.wait_for_lines(1);
  sub.wait_until_idle();
  const auto began = std::chrono::steady_clock::now();
  const test::ProcessUse before = test::use_of(sub.pid());
  std::this_thread::sleep_for(5s);
  const test::ProcessUse after = test::use_of(sub.pid());
  const auto stall_limits = static_cast<unsigned long>((std::chrono::steady_clock::now() - began) / 1s);
  CHECK(after.ticks - before.ticks == 0);
  CHECK(after.sleeps - before.sleeps <= after.threads * (stall_limits + 1));
  // It still wakes when an event comes.
  CHECK(tool.run({"pub", "a", "two"}).end == End{});
  sub.wait_for_lines(2);
}
