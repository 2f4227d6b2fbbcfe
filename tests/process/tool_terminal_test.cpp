// The command-line tool on a terminal of 80 columns, driven by tmux.

#include <catch2/catch.hpp>

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "shmbus/shmbus.hpp"
#include "shmbus/type_fields.hpp"
#include "support/child_process.hpp"
#include "tmux.hpp"
#include "tool_fixture.hpp"

using test::ChildProcess;
using test::End;
using test::Tmux;
using test::Tool;

namespace film {

struct Watch {
  std::uint64_t user;
  std::uint32_t video;
  float rating;
};
SHMBUS_FIELDS(Watch, user, video, rating)

}  // namespace film

namespace {

bool skip() {
  if (Tmux::installed()) return false;
  WARN("skipped: needs tmux");
  return true;
}

/// Clears the screen, and types a command of the tool; program and bus are added.
void run_on(Tmux& terminal, const Tool& tool, const std::string& words) {
  terminal.type("clear; " SHMBUS_TOOL " --bus " + tool.bus.name() + " " + words + "; echo ended-$?");
  terminal.key("Enter");
}

}  // namespace

TEST_CASE("on a terminal sub shows time, topic, number and type, and payloads that can be read", "[tool]") {
  if (skip()) return;
  const Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  auto watches = bus.publisher<film::Watch>("video.watched");
  shmbus::Publisher words = bus.publisher("words"), bytes = bus.publisher("bytes");
  Tmux terminal{80, 24};
  run_on(terminal, tool, "sub '>'");
  terminal.wait_for("waiting for events that match '>'");
  CHECK(watches.publish({.user = 42, .video = 7, .rating = 4.5f}));
  terminal.wait_for("user=42 video=7 rating=4.5");
  CHECK(words.publish("hello"));
  CHECK(bytes.publish(std::string_view{"\x01\x1b[2J", 5}));
  terminal.wait_for("|..[2J|");
  const std::string screen = terminal.screen();
  CHECK_THAT(screen, Catch::Contains(" video.watched #1 film::Watch\n") ||
                         Catch::Contains(" video.watched #1 film::Watch  user=42"));
  CHECK_THAT(screen, Catch::Contains(" words #1 text  hello\n"));
  CHECK_THAT(screen, Catch::Contains(" bytes #1 5 bytes\n  0000  01 1b 5b 32 4a "));
  terminal.key("C-c");  // the shell then ends the whole line
  terminal.wait_for("^C");
  terminal.type("echo ended-$?");
  terminal.key("Enter");
  terminal.wait_for("ended-130");
}

TEST_CASE("tables fit a terminal of 80 columns", "[tool]") {
  const Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  auto watches = bus.publisher<film::Watch>("recommendation.watched_by_a_neighbour");
  shmbus::Subscriber reader = bus.subscriber(">", {.name = "notification-service"});
  CHECK(watches.publish({.user = 42, .video = 7, .rating = 4.5f}));
  for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{
           {"ls"}, {"ports"}, {"info", "recommendation.watched_by_a_neighbour"}, {"stat", "0.1", "2"}}) {
    CAPTURE(verb.front());
    // A terminal that does not say how wide it is has 80 columns.
    ChildProcess shown{tool.command(verb), ChildProcess::Streams::terminal};
    CHECK(shown.wait() == End{});
    CHECK_THAT(shown.out(), Catch::Contains("recommen") || Catch::Contains("LOST/S"));
    std::istringstream lines{shown.out()};
    for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 80);
    const std::string all = tool.run(verb).out;
    CHECK(all != shown.out());
    CHECK_THAT(all, Catch::Contains("recommendation.watched_by_a_neighbour") || Catch::Contains("WAKEUPS/S"));
  }
}

TEST_CASE("a wide terminal shows all columns of a table", "[tool]") {
  if (skip()) return;
  const Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  shmbus::Publisher publisher = bus.publisher("recommendation.watched_by_a_neighbour");
  shmbus::Subscriber reader = bus.subscriber(">", {.name = "notification-service"});
  Tmux terminal{80, 24};
  run_on(terminal, tool, "ports");
  terminal.wait_for("ended-0");
  CHECK_THAT(terminal.screen(), Catch::Contains(" LOST\n") && !Catch::Contains("MISMATCHED"));
  terminal.resize(200, 24);
  run_on(terminal, tool, "ports");
  terminal.wait_for("MISMATCHED");
  terminal.wait_for("notification-service");
}
