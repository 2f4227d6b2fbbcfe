// shmbus-top on a terminal, driven by tmux: the tests type keys and check the screen.

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "held_platform.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/child_process.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"
#include "tmux.hpp"
#include "top_fixture.hpp"

using test::TemporaryBus;
using test::Tmux;

namespace {

/// A bus with some traffic, and shmbus-top watching it.
struct Scene {
  explicit Scene(const std::string& options = {}, const std::string& environment = {}) {
    terminal.type(environment + " " SHMBUS_TOP " " + name.name() + " " + options);
    terminal.key("Enter");
    terminal.wait_for("bus " + name.name());
  }

  /// The words of the first line that begins with a text.
  std::vector<std::string> row(const std::string& begin) const {
    for (const std::string& line : terminal.lines()) {
      if (!line.starts_with(begin)) continue;
      std::istringstream stream{line};
      std::vector<std::string> words;
      for (std::string word; stream >> word;) words.push_back(word);
      return words;
    }
    return {};
  }

  /// The word below a heading in the line that begins with a text.
  std::string cell(const std::string& begin, const std::string& heading) const {
    std::vector<std::string> headings = row("TOPIC");
    const std::vector<std::string> words = row(begin);
    std::erase(headings, "▼");
    for (std::size_t i = 0; i < headings.size() && i < words.size(); ++i) {
      if (headings[i].starts_with(heading)) return words[i];
    }
    return {};
  }

  /// Returns whether the first text stands above the second on the screen.
  bool above(const std::string& one, const std::string& lower) const {
    const std::string screen = terminal.screen();
    return screen.find(one) < screen.find(lower);
  }

  TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  test::KnownLosses known{bus};
  shmbus::Subscriber other = bus.subscriber("losses", {.name = "idle"});
  test::SteadyLoad load{bus, "load", 1000};
  Tmux terminal{80, 24};
};

}  // namespace

#define NEEDS_TMUX               \
  if (!Tmux::installed()) {      \
    WARN("skipped: needs tmux"); \
    return;                      \
  }

TEST_CASE("the screen's rate is the known load's, and lag and lost are exact", "[top]") {
  NEEDS_TMUX
  const Scene scene{"-u exact -d 2"};
  // The rate of a snapshot that the machine delayed may be wrong; later ones must come to the right rate.
  test::wait_until("a rate within 5 % of 1000", [&] {
    const double rate = std::atof(scene.cell("load", "EVENTS/S").c_str());
    return rate >= 950 && rate <= 1050;
  });
  CHECK(scene.cell("losses", "LAG") == std::to_string(scene.known.lag));
  CHECK(scene.cell("losses", "LOST") == std::to_string(scene.known.lost));
}

TEST_CASE("the screen has a pane for each kind of thing, sorted and filtered by keys", "[top]") {
  NEEDS_TMUX
  Scene scene;
  Tmux& t = scene.terminal;
  t.wait_for("EVENTS/S ▼");
  test::wait_until("the busy topic on top", [&] { return scene.above("\nload", "\nlosses"); });
  t.type("<");
  t.wait_for("TOPIC ▲");
  t.type("r");
  t.wait_for("TOPIC ▼");
  test::wait_until("the new order", [&] { return scene.above("\nlosses", "\nload"); });
  t.type("2");
  t.wait_for(" behind ");
  t.wait_for("LAGTIME");
  t.wait_for(" idle ");
  t.key("Tab");
  t.wait_for("CLAIM");
  t.type("5");
  t.wait_for("no journals");
  t.type("6");
  t.wait_for("no durables");
  t.type("4");
  t.wait_for("PATTERNS");
  t.key("BTab");
  t.wait_for("CLAIM");
  t.type("2");
  t.type("/");
  t.wait_for("filter: _");
  t.type("beh");
  t.wait_until_gone(" idle ");
  t.wait_for(" behind ");
  t.key("Enter");
  t.wait_for("q quit");
  t.wait_for("filter: beh");
  t.key("Escape");
  t.wait_for(" idle ");
}

TEST_CASE("the mouse sorts by a heading, changes panes and opens the detail", "[top]") {
  NEEDS_TMUX
  Scene scene;
  Tmux& t = scene.terminal;
  t.wait_for("EVENTS/S ▼");
  const auto column = [&](std::size_t line, const char* text) {
    return static_cast<unsigned>(t.lines().at(line).find(text));
  };
  t.click(column(5, "LOST"), 5);
  t.wait_for("LOST ▼");
  test::wait_until("the new order", [&] { return scene.above("\nlosses", "\nload"); });
  t.click(column(4, "nodes"), 4);
  t.wait_for("PATTERNS");
  t.click(column(4, "topics"), 4);
  t.wait_for("LOST ▼");
  t.click(2, 6);
  t.click(2, 6);
  t.wait_for("topic      losses");
}

TEST_CASE("the detail shows a topic's ring, the subscribers inside, and its rate over time", "[top]") {
  NEEDS_TMUX
  Scene scene{"-d 0.1"};
  Tmux& t = scene.terminal;
  t.wait_for("EVENTS/S ▼");
  test::wait_until("the busy topic on top", [&] { return scene.above("\nload", "\nlosses"); });
  t.key("Enter");
  t.wait_for("topic      load");
  t.wait_for("█");
  t.wait_for("newest");
  t.type("q");
  t.wait_for("EVENTS/S ▼");
  t.key("End");
  t.key("Enter");
  t.wait_for("topic      losses");
  t.wait_for("ring       ");
  for (const char* part : {"^", "behind (", " behind"}) t.wait_for(part);
}

TEST_CASE("a reliable subscriber that holds publishers back is shown as gating, with the publishers it holds",
          "[top]") {
  NEEDS_TMUX
  Scene scene{"-d 0.1"};
  Tmux& t = scene.terminal;
  shmbus::Publisher publisher = scene.bus.publisher("gated", {.block_size = 4096, .blocks = 4});
  shmbus::Subscriber brake = scene.bus.subscriber("gated", {.delivery = shmbus::Delivery::reliable, .name = "brake"});
  while (publisher.try_publish("0123456789")) {
  }
  t.type("2/brake");
  t.key("Enter");
  t.wait_for("gating");
  t.wait_for("reliable");
  t.key("Enter");
  t.wait_for("topic      gated");
  t.wait_for("ring       !==w");
  brake.poll([](const shmbus::Event&) {}, 100'000);
  t.wait_until_gone("ring       !");
}

TEST_CASE("a stopped ml-service that holds publishers back is shown as gating, until it goes on", "[top][streaming]") {
  NEEDS_TMUX
  test::HeldPlatform platform;
  Tmux t{200, 50};
  t.type(SHMBUS_TOP " -d 0.1 -p subscribers -f ml-service " + platform.bus());
  t.key("Enter");
  t.wait_for("video.watch_started");
  CHECK_THAT(t.screen(), !Catch::Contains("gating"));
  platform.stop_ml();
  t.wait_for("gating");
  t.wait_for(std::to_string(platform.ml_pid()));
  t.wait_for("reliable");
  t.type("4");
  t.wait_for("stopped");
  t.type("2");
  platform.let_ml_go_on();
  t.wait_until_gone("gating");
  CHECK(platform.end() == test::End{});
}

TEST_CASE("the screen follows the terminal's size, down to 80x24 and up to 200x50", "[top]") {
  NEEDS_TMUX
  Scene scene{"-p subscribers"};
  Tmux& t = scene.terminal;
  t.wait_for("LAG ▼");
  test::wait_until("the footer at the bottom", [&] { return t.lines().at(23).find("q quit") != std::string::npos; });
  CHECK_THAT(t.screen(), !Catch::Contains("ERRORS"));
  t.resize(200, 50);
  t.wait_for("ERRORS");
  test::wait_until("the footer at the bottom",
                   [&] { return t.lines().size() == 50 && t.lines()[49].find("q quit") != std::string::npos; });
  t.resize(80, 24);
  t.wait_until_gone("ERRORS");
  test::wait_until("the footer at the bottom",
                   [&] { return t.lines().size() == 24 && t.lines()[23].find("q quit") != std::string::npos; });
  test::wait_until("the headings", [&] { return t.lines().at(5).starts_with("TOPIC"); });
  t.resize(20, 5);
  test::wait_until("a tiny screen", [&] { return t.lines().size() == 5; });
  t.resize(80, 24);
  t.wait_for("q quit");
}

TEST_CASE("pause stops the screen, and help explains the keys", "[top]") {
  NEEDS_TMUX
  Scene scene{"-d 0.1 -u exact"};
  Tmux& t = scene.terminal;
  t.wait_for("EVENTS/S ▼");
  t.type("p");
  t.wait_for("PAUSED");
  const std::string published = scene.cell("load", "PUBLISHED");
  t.type("?");
  t.wait_for("Keys");
  t.type("?");
  t.wait_for("PAUSED");
  CHECK(scene.cell("load", "PUBLISHED") == published);
  t.type("p");
  t.wait_until_gone("PAUSED");
  test::wait_until("the figures to go on", [&] { return scene.cell("load", "PUBLISHED") != published; });
}

TEST_CASE("a bus that is removed while it is watched is reported, and watched again when it is created anew", "[top]") {
  NEEDS_TMUX
  const TemporaryBus name;
  { shmbus::Bus::open(name.name()).topic("first"); }
  Tmux t{80, 24};
  t.type(SHMBUS_TOP " -d 0.1 " + name.name());
  t.key("Enter");
  t.wait_for("first");
  shmbus::Bus::remove(name.name());
  t.wait_for("was removed; waiting");
  t.wait_for("first");
  shmbus::Bus::open(name.name()).topic("second");
  t.wait_for("second");
  t.wait_until_gone("was removed");
  t.wait_until_gone("first");
}

TEST_CASE("colours show the state of a row, and are off under NO_COLOR", "[top]") {
  NEEDS_TMUX
  const auto colours = [](const std::string& environment) {
    const Scene scene{"-d 0.1", environment};
    scene.terminal.wait_for("flowing");
    return scene.terminal.screen(true);
  };
  // Green is for rows with traffic, yellow for rows that lost events once.
  CHECK_THAT(colours("TERM=screen"), Catch::Contains("\x1b[32m") && Catch::Contains("\x1b[33m"));
  const std::string plain = colours("NO_COLOR=1");
  for (const char* colour : {"\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m"})
    CHECK_THAT(plain, !Catch::Contains(colour));
}

TEST_CASE("a subscriber that holds publishers back is an alert, and the alerts say what to do", "[top]") {
  NEEDS_TMUX
  Scene scene{"-d 0.1"};
  Tmux& t = scene.terminal;
  t.wait_for("no alerts");
  shmbus::Publisher publisher = scene.bus.publisher("gated", {.block_size = 4096, .blocks = 4});
  shmbus::Subscriber brake = scene.bus.subscriber("gated", {.delivery = shmbus::Delivery::reliable, .name = "brake"});
  while (publisher.try_publish("0123456789")) {
  }
  t.wait_for("gated: held back ");
  t.wait_for(" by brake (" + std::to_string(::getpid()) + ")");
  t.type("a");
  t.wait_for("demote_after limits");
  t.type("q");
  t.wait_for("EVENTS/S ▼");
  brake.poll([](const shmbus::Event&) {}, 100'000);
  t.wait_for("no alerts");
}

TEST_CASE("the last events of a topic are shown with their payloads, without a new subscriber", "[top]") {
  NEEDS_TMUX
  Scene scene{"-d 0.1"};
  Tmux& t = scene.terminal;
  shmbus::Publisher publisher = scene.bus.publisher("letters");
  publisher.publish("dear reader");
  publisher.publish(std::string_view{"\x01\x02", 2});
  t.wait_for("\nletters ");
  t.type("/letters");
  t.key("Enter");
  t.key("Enter");
  t.wait_for("topic      letters");
  t.type("e");
  t.wait_for("#1 ");
  t.wait_for("  dear reader");
  t.wait_for("0000  01 02 ");
  publisher.publish("a third one");
  t.wait_for("a third one");
  shmbus::Inspector inspector{scene.name.name()};
  for (const shmbus::TopicSnapshot& topic : inspector.snapshot().topics) {
    if (topic.info.name == "letters") CHECK(topic.subscribers.empty());
  }
  t.type("q");
  t.wait_for("ring ");
}

TEST_CASE("where no bus is named and there are several, the user chooses one from a list", "[top]") {
  NEEDS_TMUX
  const TemporaryBus one, other;
  { shmbus::Bus::open(one.name()).topic("of.one"); }
  { shmbus::Bus::open(other.name()).topic("of.other"); }
  Tmux t{80, 24};
  t.type("env -u SHMBUS_BUS " SHMBUS_TOP " -d 0.1");
  t.key("Enter");
  t.wait_for("choose a bus");
  t.type("/" + other.name());
  t.key("Enter");
  t.wait_for("filter: " + other.name());
  t.key("Enter");
  t.wait_for("of.other");
  t.type("b");
  t.wait_for("choose a bus");
  t.type("/" + one.name());
  t.key("Enter");
  t.wait_for("filter: " + one.name());
  t.key("Enter");
  t.wait_for("of.one");
}

TEST_CASE("help and a detail that are longer than the screen say so, and scroll", "[top]") {
  NEEDS_TMUX
  Scene scene{"-d 0.1"};
  Tmux& t = scene.terminal;
  t.type("?");
  t.wait_for("scroll, lines 1-");
  t.key("Down");
  t.wait_for("scroll, lines 2-");
  t.key("End");
  t.wait_for("something is wrong");
  t.type("q");
  t.wait_for("EVENTS/S ▼");
  t.resize(80, 16);
  t.key("Enter");
  t.wait_for("scroll, lines 1-");
}

TEST_CASE("quitting leaves the terminal as it was, by key and by signal", "[top]") {
  NEEDS_TMUX
  Scene scene;
  Tmux& t = scene.terminal;
  t.wait_for("EVENTS/S ▼");
  const auto modes = [&] { return t.state("#{alternate_on} #{cursor_flag} #{mouse_any_flag}"); };
  test::wait_until("the whole screen, without a cursor, with the mouse", [&] { return modes() == "1 0 1"; });
  SECTION("q") { t.type("q"); }
  SECTION("Ctrl-C") { t.key("C-c"); }
  t.wait_until_gone("EVENTS/S");
  t.wait_for("ready>");
  test::wait_until("the cursor", [&] { return modes() == "0 1 0"; });
  t.type("stty -a; echo done");
  t.key("Enter");
  t.wait_for("\ndone");
  std::string settings = t.screen();
  std::replace(settings.begin(), settings.end(), '\n', ' ');
  for (const char* setting : {" echo ", " icanon ", " icrnl ", " opost "})
    CHECK_THAT(settings, Catch::Contains(setting));
}

TEST_CASE("top at one snapshot per second costs less than 1 % of a core, on 100 topics and 200 ports",
          "[top][serial]") {
  NEEDS_TMUX
  if (test::slowness > 1) return;  // this would measure the sanitizer's cost
  const TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  std::vector<shmbus::Publisher> publishers;
  for (unsigned i = 0; i < 100; ++i)
    publishers.push_back(bus.publisher("some.topic." + std::to_string(i), {.block_size = 4096, .blocks = 4}));
  shmbus::Subscriber subscriber = bus.subscriber("some.topic.*");
  const auto pass = [&] {
    for (shmbus::Publisher& publisher : publishers) publisher.publish("0123456789");
    subscriber.poll([](const shmbus::Event&) {}, 1000);
  };
  Tmux t{200, 50};
  t.type("exec " SHMBUS_TOP " -p subscribers " + name.name());  // replaces the shell as the terminal's process
  t.key("Enter");
  t.wait_for("LAG ▼");
  const pid_t pid = std::stoi(t.state("#{pane_pid}"));
  const auto run_for = [&](std::chrono::seconds time) {
    for (const auto end = std::chrono::steady_clock::now() + time; std::chrono::steady_clock::now() < end;) {
      pass();
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
  };
  run_for(std::chrono::seconds{1});  // the first snapshots map segments that the later ones find mapped
  const unsigned long before = test::use_of(pid).ticks;
  constexpr std::chrono::seconds time{20};
  run_for(time);
  const unsigned long used = test::use_of(pid).ticks - before;
  const long ticks_per_second = ::sysconf(_SC_CLK_TCK);
  WARN("processor time of shmbus-top: " << used << " ticks in " << time.count() << " s, of " << ticks_per_second
                                        << " a second");
  CHECK(used * 100 < static_cast<unsigned long>(ticks_per_second * time.count()));
}
