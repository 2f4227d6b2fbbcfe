// What shmbus-top shows as wrong, and in which colour.

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "model/alarm.hpp"
#include "model/alerts.hpp"
#include "model/pane.hpp"
#include "top_fixture.hpp"

using namespace shmbus::top;
using namespace std::chrono_literals;
using shmbus::BusSnapshot;
using shmbus::NodeState;
using shmbus::SubscriberState;
using test::bus_at;
using test::cell;
using test::tone;

namespace {

/// Topic `a` with its subscriber `fast`, and nothing wrong.
BusSnapshot quiet_bus() {
  BusSnapshot bus = bus_at(10s, 1000);
  bus.nodes.pop_back();
  bus.topics[0].subscribers.resize(1);
  return bus;
}

std::vector<std::string> texts(const std::vector<Alert>& alerts) {
  std::vector<std::string> all;
  for (const Alert& alert : alerts) all.push_back(alert.text);
  return all;
}

std::vector<std::string> alerts_of(const BusSnapshot& bus) { return texts(find_alerts(compare(nullptr, bus))); }

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a bus on which all is well has no alerts, and no alarm colour", "[top]") {
  BusSnapshot bus = quiet_bus();
  bus.topics[0].subscribers[0].lag = 6;
  bus.topics[0].subscribers[0].lag_time = 3ms;
  CHECK(alerts_of(bus).empty());
  const ComparedSnapshot look = compare(nullptr, bus);
  for (const Pane pane : panes) {
    for (const Row& row : grid_of(pane, look, {}).rows) {
      for (const Cell& c : row.cells) CHECK((c.tone != Tone::notice && c.tone != Tone::bad));
    }
  }
}

TEST_CASE("a subscriber that is a second behind, or lapped, is shown in the colour of a notice", "[top]") {
  BusSnapshot bus = quiet_bus();
  shmbus::SubscriberSnapshot& s = bus.topics[0].subscribers[0];
  s.lag = 6;
  s.lag_time = 999ms;
  CHECK(lag_tone(s) == Tone::plain);
  s.lag_time = 1s;
  CHECK(lag_tone(s) == Tone::notice);
  s.lag_time = 1ms;
  s.lapped_now = true;
  CHECK(lag_tone(s) == Tone::notice);
  CHECK(tone(grid_of(Pane::topics, compare(nullptr, bus), {}), "a", "LAG") == Tone::notice);
}

TEST_CASE("a subscriber that holds publishers back is an alert from a second on", "[top]") {
  BusSnapshot bus = quiet_bus();
  shmbus::SubscriberSnapshot& s = bus.topics[0].subscribers[0];
  s.state = SubscriberState::gating;
  s.delivery = shmbus::Delivery::reliable;
  s.gating = true;
  s.gating_for = 80ms;
  CHECK(alerts_of(bus).empty());
  CHECK(tone(grid_of(Pane::subscribers, compare(nullptr, bus), {}), "a", "STATE") == Tone::notice);
  s.gating_for = 136s;
  CHECK(alerts_of(bus) == Texts{"a: held back 2m16s by fast (500)"});
  CHECK(tone(grid_of(Pane::subscribers, compare(nullptr, bus), {}), "a", "STATE") == Tone::bad);
  CHECK(tone(grid_of(Pane::topics, compare(nullptr, bus), {}), "a", "STATE") == Tone::bad);
  s.node_state = NodeState::stopped;
  const auto alerts = find_alerts(compare(nullptr, bus));
  CHECK(texts(alerts) == Texts{"a: held back 2m16s by fast (500), which is stopped"});
  CHECK(alerts.at(0).remedy == "let it go on: kill -CONT 500");
}

TEST_CASE("a bridge that holds publishers back is named, and NATS with it", "[top][bridge]") {
  BusSnapshot bus = quiet_bus();
  shmbus::SubscriberSnapshot& s = bus.topics[0].subscribers[0];
  s.name = "bridge host-a";
  s.program = "shmbus-nats";
  s.delivery = shmbus::Delivery::reliable;
  s.gating = true;
  s.gating_for = 3s;
  const auto alerts = find_alerts(compare(nullptr, bus));
  REQUIRE(texts(alerts) == Texts{"a: held back 3.00 s by bridge host-a to NATS (500)"});
  CHECK_THAT(alerts[0].remedy, Catch::StartsWith("NATS takes events more slowly than they are published"));
  CHECK(cell(grid_of(Pane::subscribers, compare(nullptr, bus), {}), "a", "PROCESS") == "bridge host-a to NATS");
}

TEST_CASE("losing events now is an alert, having lost some earlier is not", "[top]") {
  const BusSnapshot before = quiet_bus();
  BusSnapshot after = bus_at(11s, 1000);
  after.nodes.pop_back();
  after.topics[0].subscribers.resize(1);
  after.topics[0].subscribers[0].lost = 70;
  const auto tone_of_lost = [](const ComparedSnapshot& look) { return tone(grid_of(Pane::subscribers, look, {}), "a", "LOST"); };
  const ComparedSnapshot losing = compare(&before, after);
  CHECK(texts(find_alerts(losing)) == Texts{"a: fast (500) loses events, 70 so far"});
  CHECK(tone_of_lost(losing) == Tone::bad);
  BusSnapshot later = after;
  later.steady += 1s;
  const ComparedSnapshot lost = compare(&after, later);
  CHECK(find_alerts(lost).empty());
  CHECK(tone_of_lost(lost) == Tone::notice);
}

TEST_CASE("claims that stay open, unreadable topics, short memory and dead nodes are alerts, the worst first",
          "[top]") {
  BusSnapshot bus = quiet_bus();
  bus.stall_limit = 1s;
  bus.nodes.resize(2);
  bus.nodes[1].program = "gone";
  bus.nodes[1].pid = 77;
  bus.topics[0].publishers[0].claim_open = true;
  bus.topics[0].publishers[0].claim_age = 3s;
  bus.topics[1] = {};
  bus.topics[1].info.name = "b";
  bus.topics[1].problem = "topic 'b': bad magic";
  bus.shm_free = bus.shm_size / 20;
  bus.unfinished.push_back({.name = "c", .creator = 1, .creator_state = NodeState::stopped});
  CHECK(alerts_of(bus) == Texts{"a: writer (500) claimed an event 3.00 s ago and has not committed it",
                                "topic 'b': bad magic", "/dev/shm: 3.2 MiB of 64.0 MiB left",
                                "c: its creator stopped before the topic was usable",
                                "gone (77) died and left its entries on the bus"});
}

TEST_CASE("the alert line fits the screen's width, and names the worst alert and how many more there are", "[top]") {
  const std::vector<Alert> one{{.text = "work.items: held back 15.0 s by warehouse (2120)"}};
  CHECK(text_of(alert_line(one, 80)) == "work.items: held back 15.0 s by warehouse (2120)  a: what to do");
  std::vector<Alert> three = one;
  three.resize(3);
  CHECK(text_of(alert_line(three, 80)) == "work.items: held back 15.0 s by warehouse (2120)  a: 2 more");
  CHECK(text_of(alert_line(three, 40)) == "work.items: held back 15.0 s~  a: 2 more");
  CHECK(text_of(alert_line({}, 40)) == "no alerts");
}

TEST_CASE("a subscriber that runs is shown as awake, and as spinning only where its process uses a whole core",
          "[top]") {
  BusSnapshot bus = quiet_bus();
  CHECK(cell(grid_of(Pane::subscribers, compare(nullptr, bus), {}), "a", "STATE") == "awake");
  const BusSnapshot before = bus;
  BusSnapshot after = bus;
  after.steady += 1s;
  after.nodes[0].cpu_time = before.nodes[0].cpu_time + 20ms;
  CHECK(cell(grid_of(Pane::subscribers, compare(&before, after), {}), "a", "STATE") == "awake");
  after.nodes[0].cpu_time = before.nodes[0].cpu_time + 1s;
  CHECK(cell(grid_of(Pane::subscribers, compare(&before, after), {}), "a", "STATE") == "spinning");
}
