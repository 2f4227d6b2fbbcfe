// A trace as a tree of lines.

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <sstream>
#include <string>

#include "time_text.hpp"
#include "tool_trace_fixture.hpp"
#include "trace_text.hpp"

using namespace shmbus;
using namespace shmbus::tracing;
using test::TracedBus;

namespace {

const Time now = TracedBus::at(2e6);

std::string show(const TracedBus& bus, std::size_t columns = 0, bool utf8 = true) {
  std::string text;
  for (const Trace& trace : bus.traces()) text += trace_text(trace, {.utf8 = utf8, .columns = columns, .now = now});
  return text;
}

std::string clock(double us, bool milliseconds = false) {
  const std::string text = tool::clock_text(TracedBus::at(us), now);
  return milliseconds ? text.substr(0, text.size() - 3) : text;
}

std::size_t characters(const std::string& line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::size_t widest(const std::string& text) {
  std::size_t most = 0;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) most = std::max(most, characters(line));
  return most;
}

}  // namespace

TEST_CASE("a trace is shown as a tree with aligned columns", "[trace]") {
  CHECK(show(test::watch()) ==
        "video.watch_started #50612   " + clock(0) + "   video-service (pid 812)\n"
        "├─ user-service           waited 2.10 µs  took 11.0 µs  ok\n"
        "│  └─ user.preferences_updated #9120\n"
        "│     └─ ranking-service  waited 1.90 µs  took 4.00 µs  ok\n"
        "├─ ml-service             waited 3.00 µs  took 37.0 ms  threw \"no model\"\n"
        "│  └─ recommendation.updated #7\n"
        "└─ badge-service          RUNNING when it died (pid 845, began " + clock(4, true) + "; found dead 1.20 s later)\n");
}

TEST_CASE("the tree fits 80 columns: what does not fit goes on below", "[trace]") {
  TracedBus bus = test::watch();
  bus.recorder("ml-service").calls[0].error = std::string(55, 'x') + " no model in the store of models " + std::string(20, 'y');
  const std::string text = show(bus, 80);
  CHECK(widest(text) <= 80);
  CHECK_THAT(text, Catch::StartsWith("video.watch_started #50612   " + clock(0) + "   video-service (pid 812)\n"));
  CHECK_THAT(text, Catch::EndsWith("└─ badge-service          RUNNING when it died (pid 845, began " + clock(4, true) + ";\n"
                                   "        found dead 1.20 s later)\n"));
  CHECK_THAT(text, Catch::Contains(" ms  threw\n│  │    \"xxxxx") && Catch::Contains(" no model in the\n│  │    store of models y"));
}

TEST_CASE("in ASCII the tree has no other character", "[trace]") {
  TracedBus bus = test::watch();
  bus.recorder("user-service").name = "caf\xc3\xa9";
  const std::string text = show(bus, 0, false);
  CHECK(std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
  CHECK_THAT(text, Catch::Contains("|- caf\\xc3\\xa9 (user-service)") && Catch::Contains("`- badge-service") &&
                       Catch::Contains("2.10 us"));
}

TEST_CASE("a running call says for how long, a failed one what it threw", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 0);
  bus.call("one", bus.id("a", 1), 5e5, std::nullopt);
  bus.call("two", bus.id("a", 1), 6, 8).outcome = CallOutcome::ended_thread;
  bus.call("three", bus.id("a", 1), 7, 8).outcome = CallOutcome::threw;
  const std::string text = show(bus);
  CHECK_THAT(text, Catch::Contains("one    waited  500 ms  running for 1.50 s\n"));
  CHECK_THAT(text, Catch::Contains("ended its thread\n") && Catch::Contains("threw\n"));
}

TEST_CASE("control characters in names and errors reach no terminal", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 0).topic = "\x1b[2J";
  bus.recorder("one").program = "\x1b]0;title\x07";
  auto& call = bus.call("one", bus.id("a", 1), 1, 2);
  call.outcome = CallOutcome::threw;
  call.error = "line\nof \xff";
  const std::string text = show(bus);
  CHECK(std::none_of(text.begin(), text.end(), [](char c) { return c != '\n' && static_cast<unsigned char>(c) < 0x20; }));
  CHECK_THAT(text, Catch::Contains("\\x1b[2J #1") && Catch::Contains("threw \"line\\x0aof \\xff\""));
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
}

TEST_CASE("what is not whole is said in words below the tree", "[trace]") {
  TracedBus bus;
  bus.topic("a", 50, 60);
  bus.child("b", 1, 7, bus.id("a", 3), TracedBus::call_id(1));
  CHECK(show(bus) ==
        "a #3   (not read)\n"
        "└─ b #1   (call not recorded)\n"
        "not whole: a #3: it left the ring; the oldest retained is #50\n");
}

TEST_CASE("subscribers of one name in two processes are told apart", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 0);
  bus.call("one", bus.id("a", 1), 1, 2);
  bus.call("two", bus.id("a", 1), 1, 2);
  bus.recorder("two").name = "one";
  bus.recorders[1].program = "one";
  CHECK_THAT(show(bus), Catch::Contains("one[800]") && Catch::Contains("one[801]"));
}

TEST_CASE("a tree deeper than the line is wide stays within it, and shows the level", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 0);
  for (std::uint64_t i = 2; i <= 1000; ++i) bus.event("a", i, static_cast<double>(i)).cause = bus.id("a", i - 1);
  const std::string text = show(bus, 80);
  CHECK(widest(text) <= 80);
  CHECK_THAT(text, Catch::Contains("\n[999] ") && Catch::Contains("└─ a #1000   (call not recorded)\n"));
}

TEST_CASE("any width and any bytes of a trace come to an end", "[trace]") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  for (int round = 0; round < 200; ++round) {
    TracedBus bus;
    for (std::uint64_t i = 1; i <= 20; ++i) {
      std::string name(random() % 40, ' ');
      for (char& c : name) c = static_cast<char>(random());
      auto& event = bus.event("a", i, 0);
      event.topic = name;
      event.time = Time{std::chrono::nanoseconds{static_cast<std::int64_t>(random())}};
      event.cause = bus.id("a", 1 + random() % 20);
      auto& call = bus.call("s" + std::to_string(i), bus.id("a", 1 + random() % 20), 0, std::nullopt);
      call.began = Time{std::chrono::nanoseconds{static_cast<std::int64_t>(random())}};
      call.outcome = static_cast<CallOutcome>(random() % 5);
      call.error = name;
      bus.recorder("s" + std::to_string(i)).died = random() % 2 == 0;
      bus.recorder("s" + std::to_string(i)).ended = event.time;
    }
    CHECK_FALSE(show(bus, random() % 100, random() % 2 == 0).empty());
  }
}

TEST_CASE("the locale's variables decide by their rank", "[trace]") {
  std::map<const char*, std::string> before;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (const char* value = std::getenv(name)) before[name] = value;
    ::unsetenv(name);
  }
  CHECK_FALSE(locale_is_utf8());
  ::setenv("LANG", "de_DE.utf8", 1);
  CHECK(locale_is_utf8());
  ::setenv("LC_CTYPE", "C", 1);
  CHECK_FALSE(locale_is_utf8());
  ::setenv("LC_ALL", "C.UTF-8", 1);
  CHECK(locale_is_utf8());
  ::setenv("LC_ALL", "", 1);
  CHECK_FALSE(locale_is_utf8());
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) ::unsetenv(name);
  for (const auto& [name, value] : before) ::setenv(name, value.c_str(), 1);
}
