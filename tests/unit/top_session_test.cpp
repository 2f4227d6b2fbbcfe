// How keys and clicks change shmbus-top's screen, tested without a terminal.

#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "model/session.hpp"
#include "top_fixture.hpp"

using namespace shmbus::top;
using namespace std::chrono_literals;
using test::bus_at;

namespace {

struct Watcher {
  Session session{{.bus = "test-bus"}};
  Size size{.height = 24, .width = 80};

  Watcher() {
    const shmbus::BusSnapshot before = bus_at(10s, 1000);
    session.see(compare(&before, bus_at(12s, 3000)));
  }
  Frame frame() { return session.frame(size, false); }
  std::string text() {
    std::string all;
    for (const Line& line : frame().lines) all += text_of(line) + '\n';
    return all;
  }
  /// The text of the chosen line.
  std::string chosen() {
    const Frame now = frame();
    for (const Line& line : now.lines) {
      if (line.ground == Ground::chosen) return text_of(line);
    }
    return {};
  }
  void apply(Action action, std::size_t which = 0) { session.apply({action, which}); }
};

}  // namespace

TEST_CASE("a frame is as high as the screen and no line is wider, for screens of 80x24, 200x50 and smaller", "[top]") {
  Watcher w;
  for (const Size size : {Size{24, 80}, Size{50, 200}, Size{5, 20}, Size{1, 1}}) {
    w.size = size;
    for (std::size_t pane = 0; pane < panes.size(); ++pane) {
      w.apply(Action::pane, pane);
      const Frame frame = w.frame();
      CHECK(frame.lines.size() == size.height);
      for (const Zone& zone : frame.zones) CHECK(zone.line < size.height);
    }
  }
}

TEST_CASE("each pane shows its rows, and Tab goes from the last pane to the first", "[top]") {
  Watcher w;
  CHECK_THAT(w.text(), Catch::Contains("EVENTS/S v"));
  w.apply(Action::next_pane);
  CHECK_THAT(w.text(), Catch::Contains(" fast "));
  w.apply(Action::next_pane);
  CHECK_THAT(w.text(), Catch::Contains("writer"));
  w.apply(Action::next_pane);
  CHECK_THAT(w.text(), Catch::Contains("PATTERNS"));
  w.apply(Action::next_pane);
  CHECK_THAT(w.text(), Catch::Contains("NOTDURABLE v") && Catch::Contains("no journals"));
  w.apply(Action::next_pane);
  CHECK_THAT(w.text(), Catch::Contains("BEHIND v") && Catch::Contains("no durables"));
  w.apply(Action::next_pane);
  CHECK_THAT(w.text(), Catch::Contains("LAG v") && Catch::Contains("no groups"));
  w.apply(Action::next_pane);
  CHECK_THAT(w.text(), Catch::Contains("EVENTS/S v"));
  w.apply(Action::previous_pane);
  CHECK_THAT(w.text(), Catch::Contains("LAG v"));
}

TEST_CASE("the chosen row stays chosen when sorting moves it", "[top]") {
  Watcher w;
  CHECK_THAT(w.chosen(), Catch::StartsWith("a "));
  w.apply(Action::down);
  CHECK_THAT(w.chosen(), Catch::StartsWith("b "));
  w.apply(Action::reverse);
  CHECK_THAT(w.chosen(), Catch::StartsWith("b "));
  w.apply(Action::down);
  CHECK_THAT(w.chosen(), Catch::StartsWith("a "));
  w.apply(Action::last);
  w.apply(Action::first);
  CHECK_THAT(w.chosen(), Catch::StartsWith("b "));
}

TEST_CASE("a click on a heading sorts by it, and a second click reverses the order", "[top]") {
  Watcher w;
  w.apply(Action::pane, 1);
  const auto click = [&](const char* heading) {
    const Frame frame = w.frame();
    const std::size_t column = text_of(frame.lines[5]).find(heading);
    REQUIRE(column != std::string::npos);
    w.session.apply(frame.at(5, column));
  };
  click("LOST");
  CHECK_THAT(w.text(), Catch::Contains("LOST v"));
  CHECK_THAT(text_of(w.frame().lines[6]), Catch::Contains("slow"));
  click("LOST");
  CHECK_THAT(w.text(), Catch::Contains("LOST ^"));
  CHECK_THAT(text_of(w.frame().lines[8]), Catch::Contains("slow"));
}

TEST_CASE("a click chooses a row, a second click opens its topic, and a click on the bar changes panes", "[top]") {
  Watcher w;
  w.session.apply(w.frame().at(7, 3));
  CHECK_THAT(w.chosen(), Catch::StartsWith("b "));
  CHECK_FALSE(w.session.detail());
  w.session.apply(w.frame().at(7, 3));
  CHECK(w.session.detail() == "b");
  const Frame frame = w.frame();
  w.session.apply(frame.at(4, text_of(frame.lines[4]).find("nodes")));
  CHECK_FALSE(w.session.detail());
  CHECK_THAT(w.text(), Catch::Contains("PATTERNS"));
  CHECK(frame.at(23, 0).action == Action::none);
}

TEST_CASE("a filter applies while it is typed, Enter keeps it and Esc drops it", "[top]") {
  Watcher w;
  w.apply(Action::pane, 1);
  w.apply(Action::filter);
  CHECK(w.session.typing());
  for (const char* c : {"s", "l", "o", "x"}) w.session.type(c);
  CHECK_THAT(w.text(), Catch::Contains("no subscribers with 'slox'"));
  w.session.type({});
  CHECK_THAT(w.text(), Catch::Contains(" slow ") && !Catch::Contains(" fast "));
  w.session.end_typing(true);
  CHECK_THAT(w.text(), Catch::Contains("filter: slo"));
  w.apply(Action::back);
  CHECK_THAT(w.text(), Catch::Contains(" fast "));
  w.apply(Action::filter);
  w.session.type("z");
  w.session.end_typing(false);
  CHECK_THAT(w.text(), Catch::Contains(" fast "));
}

TEST_CASE("the detail of a topic shows its facts, ring, ports and history, and Esc leaves it", "[top]") {
  Watcher w;
  w.apply(Action::open);
  REQUIRE(w.session.detail() == "a");
  CHECK(w.session.wants_look());
  CHECK_FALSE(w.session.wants_look());
  shmbus::RingSnapshot ring;
  ring.slots.resize(4);
  ring.slots[0] = {.number = 1, .newest = true, .pinned_by = 3};
  w.session.see_ring(ring);
  const std::string text = w.text();
  for (const char* part : {"topic      a", "3000 events", "1.00k events/s", "ring       ...p", "fast (500) awake",
                           "writer", "free", "gating", "most 1.00k"})
    CHECK_THAT(text, Catch::Contains(part));
  w.apply(Action::back);
  CHECK_THAT(w.text(), Catch::Contains("EVENTS/S v"));
}

TEST_CASE("the detail of a topic that was removed says so", "[top]") {
  Watcher w;
  w.apply(Action::open);
  shmbus::BusSnapshot bus = bus_at(13s, 3000);
  bus.topics.clear();
  w.session.see(compare(nullptr, bus));
  CHECK_THAT(w.text(), Catch::Contains("topic a was removed"));
}

TEST_CASE("help lists the keys, scrolls on a small screen, and can be closed", "[top]") {
  Watcher w;
  w.apply(Action::help);
  CHECK_THAT(w.text(), Catch::Contains("Keys") && !Catch::Contains("its process was stopped"));
  w.apply(Action::last);
  CHECK_THAT(w.text(), Catch::Contains("its process was stopped"));
  w.apply(Action::help);
  CHECK_THAT(w.text(), Catch::Contains("EVENTS/S v"));
}

TEST_CASE("a bus that is gone is reported, and the last snapshot stays on the screen", "[top]") {
  Watcher w;
  w.session.set_problem("bus 'test-bus' was removed");
  CHECK_THAT(w.text(), Catch::Contains("bus 'test-bus' was removed") && Catch::Contains("EVENTS/S v"));
  w.session.set_problem({});
  CHECK_THAT(w.text(), !Catch::Contains("was removed"));
}

TEST_CASE("keys pause, change units, latency and interval, and quit", "[top]") {
  Watcher w;
  w.size.width = 160;
  w.apply(Action::pause);
  CHECK(w.session.paused());
  CHECK_THAT(w.text(), Catch::Contains("PAUSED"));
  w.apply(Action::pause);
  CHECK(w.session.wants_look());
  w.apply(Action::units);
  w.apply(Action::units);
  CHECK_THAT(w.text(), Catch::Contains("events/s 1000 ") && Catch::Contains("u exact"));
  w.apply(Action::latency);
  CHECK_THAT(w.text(), Catch::Contains("l whole"));
  w.apply(Action::faster);
  CHECK(w.session.delay() == 0.5);
  w.apply(Action::slower);
  CHECK(w.session.delay() == 1);
  w.apply(Action::quit);
  CHECK(w.session.quit());
}

TEST_CASE("columns that do not fit are reached with the arrows, and the footer says how many there are", "[top]") {
  Watcher w;
  w.size.width = 70;
  w.apply(Action::pane, 1);
  CHECK_THAT(w.text(), !Catch::Contains("WAKEUPS") && Catch::Contains("more columns"));
  for (int i = 0; i < 30; ++i) w.apply(Action::right);
  CHECK_THAT(w.text(), Catch::Contains("ERRORS") && Catch::Contains("TOPIC"));
  for (int i = 0; i < 30; ++i) w.apply(Action::left);
  CHECK_THAT(w.text(), Catch::Contains("PROCESS"));
  w.size.width = 250;
  CHECK_THAT(w.text(), Catch::Contains("WAKEUPS") && !Catch::Contains("more column"));
}

TEST_CASE("no name of a topic or service is cut while a percentile shows", "[top]") {
  Watcher w;
  shmbus::BusSnapshot bus = bus_at(20s, 5000);
  bus.topics[0].info.name = "sensors.kitchen.temperature.celsius";
  bus.topics[0].subscribers[0].name = "recommendations";
  w.session.see(compare(nullptr, bus));
  w.apply(Action::pane, 1);
  for (w.size.width = 60; w.size.width <= 250; ++w.size.width) {
    const std::string text = w.text();
    INFO(text);
    if (text.find("P99") != std::string::npos || text.find("P50") != std::string::npos) CHECK(text.find('~') == std::string::npos);
    if (w.size.width == 80) CHECK_THAT(text, Catch::Contains("sensors.kitchen.temperature.celsius recommendations "));
  }
}

TEST_CASE("each row has a trend if there is room", "[top]") {
  Watcher w;
  w.size.width = 120;
  for (std::size_t pane = 0; pane < panes.size(); ++pane) {
    w.apply(Action::pane, pane);
    CHECK_THAT(text_of(w.frame().lines[5]), Catch::Contains("TREND"));
    const std::string row = text_of(w.frame().lines[6]);
    if (!row.starts_with("no ")) CHECK_THAT(row, Catch::Contains("#"));
  }
}

TEST_CASE("the chosen row looks unlike the headings", "[top]") {
  Watcher w;
  const Frame frame = w.frame();
  CHECK(frame.lines[5].ground == Ground::heading);
  CHECK(frame.lines[6].ground == Ground::chosen);
  CHECK(frame.lines[7].ground == Ground::plain);
}

TEST_CASE("a page that is longer than the screen shows that it scrolls, and its position", "[top]") {
  Watcher w;
  w.apply(Action::help);
  CHECK_THAT(w.text(), Catch::Contains("scroll, lines 1-22 of "));
  w.apply(Action::down);
  CHECK_THAT(w.text(), Catch::Contains("scroll, lines 2-23 of "));
  w.size.height = 100;
  CHECK_THAT(w.text(), !Catch::Contains("scroll, lines"));
  w.apply(Action::help);
  w.apply(Action::open);
  CHECK_THAT(w.text(), !Catch::Contains("scroll, lines"));
  w.size.height = 12;
  CHECK_THAT(w.text(), Catch::Contains("scroll, lines 1-6 of "));
}

TEST_CASE("the worst alert has a line of its own, and a page lists all alerts with their remedies", "[top]") {
  Watcher w;
  shmbus::BusSnapshot bus = bus_at(13s, 4000);
  shmbus::SubscriberSnapshot& s = bus.topics[0].subscribers[0];
  s.state = shmbus::SubscriberState::gating;
  s.delivery = shmbus::Delivery::reliable;
  s.gating = true;
  s.gating_for = 15s;
  w.session.see(compare(nullptr, bus));
  CHECK_THAT(text_of(w.frame().lines[3]), Catch::StartsWith("a: held back 15.0 s by fast (500)") &&
                                             Catch::EndsWith("  a: 1 more"));
  CHECK(w.frame().lines[3].spans.front().tone == Tone::bad);
  w.apply(Action::alerts);
  CHECK_THAT(w.text(), Catch::Contains("a: held back 15.0 s by fast (500)") && Catch::Contains("demote_after") &&
                           Catch::Contains("shmbus gc --bus " + bus.name + " --yes"));
  w.apply(Action::back);
  bus = bus_at(14s, 5000);
  bus.nodes.pop_back();
  w.session.see(compare(nullptr, bus));
  CHECK(text_of(w.frame().lines[3]) == "no alerts");
}

TEST_CASE("the last events of a topic are shown from its detail, the newest first", "[top]") {
  Watcher w;
  w.apply(Action::open);
  CHECK_FALSE(w.session.shows_events());
  CHECK_THAT(w.text(), Catch::Contains("e last events"));
  w.apply(Action::events);
  REQUIRE(w.session.shows_events());
  CHECK(w.session.wants_look());
  const auto event = [](std::uint64_t sequence, const char* text) {
    shmbus::EventSnapshot e;
    e.sequence = sequence;
    e.time = shmbus::Time{1s};
    for (const char* c = text; *c != 0; ++c) e.payload.push_back(static_cast<std::byte>(*c));
    e.size = e.payload.size();
    return e;
  };
  w.session.see_events({event(7, "older"), event(8, "newer\x01")});
  const std::string text = w.text();
  CHECK_THAT(text, Catch::Contains("#8  00:00:01.000000  writer (500)  6 bytes\n"
                                   "  0000  6e 65 77 65 72 01                                 |newer.|\n"
                                   "#7  00:00:01.000000  writer (500)  5 bytes\n"
                                   "  older\n"));
  w.apply(Action::back);
  CHECK_FALSE(w.session.shows_events());
  CHECK(w.session.detail() == "a");
  w.apply(Action::back);
  w.apply(Action::events);  // opened from the table
  CHECK(w.session.shows_events());
  w.session.see_events({});
  CHECK_THAT(w.text(), Catch::Contains("no events yet"));
}
