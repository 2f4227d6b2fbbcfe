// What shmbus-top shows of journals and durable names.

#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/history.hpp"
#include "model/pages.hpp"
#include "model/pane.hpp"
#include "model/report.hpp"
#include "model/row_id.hpp"
#include "model/session.hpp"
#include "top_fixture.hpp"

using namespace std::chrono_literals;
using namespace shmbus::top;
using shmbus::BusSnapshot;
using shmbus::DurableSnapshot;
using shmbus::JournalSnapshot;
using shmbus::NodeState;
using shmbus::RecorderState;
using test::bus_at;
using test::cell;
using test::text_of;
using test::tone;

namespace {

/// `bus_at`, where topic `a` has a journal: all but 30 events are recorded, and all but 40 durable.
BusSnapshot journaled_at(std::chrono::nanoseconds time, std::uint64_t published) {
  BusSnapshot bus = bus_at(time, published);
  bus.topics[0].info.journal = shmbus::Journal::batch();
  JournalSnapshot& j = bus.topics[0].journal.emplace();
  j.state = RecorderState::recording;
  j.node = 5;
  j.pid = 500;
  j.program = "writer";
  j.alive = true;
  j.recorded = published - 30;
  j.durable = published - 40;
  j.unrecorded = 30;
  j.not_durable = 40;
  j.bytes = published * 64;
  j.syncs = published / 100;
  j.sync_time = j.syncs * 2ms;
  j.files = 3;
  j.files_bytes = std::uint64_t{384} << 20;
  j.first_held = 7;
  return bus;
}

DurableSnapshot durable(const std::string& name, std::uint64_t acknowledged, std::uint64_t behind) {
  DurableSnapshot d;
  d.name = name;
  d.pattern = "*";
  d.held = true;
  d.node = 5;
  d.pid = 500;
  d.program = "writer";
  d.state = NodeState::alive;
  d.behind = behind;
  d.topics.resize(2);
  d.topics[0].topic = "a";
  d.topics[0].acknowledged = acknowledged;
  d.topics[0].published = acknowledged + behind;
  d.topics[0].behind = behind;
  d.topics[1].topic = "b";
  return d;
}

/// Two seconds in which 2000 events were published, recorded, and acknowledged under the name `billing`.
ComparedSnapshot two_seconds() {
  const BusSnapshot before = journaled_at(10s, 1000);
  ComparedSnapshot look = compare(&before, journaled_at(12s, 3000));
  DurableSnapshot idle = durable("audit", 50, 2950);
  idle.held = false;
  idle.dropped = idle.topics[0].dropped = 6;
  add_durables(look, {durable("billing", 800, 200), idle}, {idle, durable("billing", 2800, 200)});
  return look;
}

}  // namespace

TEST_CASE("the pane of journals shows how far each is recorded and durable, and who records", "[top]") {
  const Grid grid = grid_of(Pane::journals, two_seconds(), {});
  REQUIRE(grid.rows.size() == 1);
  CHECK(grid.rows[0].topic == "a");
  CHECK(cell(grid, "a", "STATE") == "recording");
  CHECK(cell(grid, "a", "RECORDER") == "writer");
  CHECK(cell(grid, "a", "PID") == "500");
  CHECK(cell(grid, "a", "UNRECORDED") == "30");
  CHECK(cell(grid, "a", "NOTDURABLE") == "40");
  CHECK(cell(grid, "a", "EVENTS/S") == "1.00k");
  CHECK(cell(grid, "a", "SYNC") == "2.00ms");
  CHECK(cell(grid, "a", "FILES") == "3");
  CHECK(cell(grid, "a", "POLICY") == "batch");
}

TEST_CASE("a journal in trouble is red, one that publishers pass by is a notice", "[top]") {
  BusSnapshot bus = journaled_at(10s, 1000);
  JournalSnapshot& j = *bus.topics[0].journal;
  const auto state = [&] {
    const Grid grid = grid_of(Pane::journals, compare(nullptr, bus), {});
    return cell(grid, "a", "STATE") + (tone(grid, "a", "STATE") == Tone::bad ? ", red" : "");
  };
  j.holding = true;
  CHECK(state() == "holding, red");
  j.holding = false;
  j.holds = false;
  CHECK(state() == "passed");
  j.state = RecorderState::low_space;
  CHECK(state() == "low space, red");
  j.state = RecorderState::failed;
  CHECK(state() == "failed, red");
  j.state = RecorderState::none;
  j.alive = false;
  CHECK(state() == "nobody, red");
  j.unrecorded = 0;
  CHECK(state() == "nobody");
  CHECK(cell(grid_of(Pane::journals, compare(nullptr, bus), {}), "a", "RECORDER") == "-");
}

TEST_CASE("the pane of durable names shows who holds each, and how far it is behind", "[top]") {
  const Grid grid = grid_of(Pane::durables, two_seconds(), {});
  REQUIRE(grid.rows.size() == 2);
  CHECK(cell(grid, "billing", "STATE") == "held");
  CHECK(cell(grid, "billing", "HOLDER") == "writer");
  CHECK(cell(grid, "billing", "BEHIND") == "200");
  CHECK(cell(grid, "billing", "EVENTS/S") == "1.00k");
  CHECK(cell(grid, "billing", "TOPICS") == "2");
  CHECK(cell(grid, "audit", "STATE") == "nobody");
  CHECK(cell(grid, "audit", "HOLDER") == "-");
  CHECK(cell(grid, "audit", "DROPPED") == "6");
  CHECK(tone(grid, "audit", "DROPPED") == Tone::bad);
  CHECK(tone(grid, "billing", "BEHIND") == Tone::plain);
  CHECK(grid.rows[0].topic == "a");  // it is behind there
  ComparedSnapshot look = two_seconds();
  look.durables[1].state = NodeState::stopped;
  look.durables[0].problem = "its record is damaged";
  const Grid worse = grid_of(Pane::durables, look, {});
  CHECK(cell(worse, "billing", "STATE") == "stopped");
  CHECK(cell(worse, "audit", "STATE") == "unreadable");
}

TEST_CASE("a durable name that was made anew has no rate from the one before", "[top]") {
  const BusSnapshot before = bus_at(10s, 1000);
  ComparedSnapshot look = compare(&before, bus_at(12s, 3000));
  DurableSnapshot anew = durable("billing", 2800, 200);
  anew.created = shmbus::Time{11s};
  add_durables(look, {durable("billing", 800, 200)}, {anew});
  CHECK(look.acknowledged.at(0) == 0);
}

TEST_CASE("journals and durable names have cells for each column, a history, and their part of a topic's detail",
          "[top]") {
  const ComparedSnapshot look = two_seconds();
  for (const Pane pane : {Pane::journals, Pane::durables}) {
    const Grid grid = grid_of(pane, look, {});
    for (const Row& row : grid.rows) CHECK(row.cells.size() == grid.columns.size());
    CHECK(first_order(pane).column != 0);
  }
  History history;
  history.add(look);
  CHECK(history.last(journal_row_id(look.bus.topics[0])).back() == Approx(1000));
  CHECK(history.last(row_id(look.durables[1])).back() == Approx(1000));
  const std::string detail = text_of(detail_page(look, "a", nullptr, {}, {}));
  CHECK_THAT(detail, Catch::Contains("batch, recording\n"));
  CHECK_THAT(detail, Catch::Contains("writer (pid 500)"));
  CHECK_THAT(detail, Catch::Contains("up to 2970, 30 behind; durable up to 2960, 40 behind"));
  CHECK_THAT(detail, Catch::Contains("384.0MiB in 3 files, from number 7"));
  CHECK_THAT(text_of(detail_page(look, "b", nullptr, {}, {})), !Catch::Contains("journal"));
}

TEST_CASE("JSON and batches have journals and durable names", "[top]") {
  const ComparedSnapshot look = two_seconds();
  const auto json = nlohmann::json::parse(report_json(look));
  CHECK(json["topics"][0]["journal"]["unrecorded"] == 30);
  CHECK(json["topics"][0]["journal"]["state"] == "recording");
  CHECK(json["topics"][0]["journal"]["recorded_per_s"] == Approx(1000));
  CHECK(json["topics"][0]["journal"]["recent_sync_ns"] == 2'000'000);
  CHECK(json["topics"][1]["journal"].is_null());
  CHECK(json["durables"].size() == 2);
  CHECK(json["durables"][1]["durable"] == "billing");
  CHECK(json["durables"][1]["behind"] == 200);
  CHECK(json["durables"][1]["acknowledged_per_s"] == Approx(1000));
  const std::string all = report_text(look, {});
  CHECK_THAT(all, Catch::Contains("\nTOPIC  STATE      RECORDER"));
  CHECK_THAT(all, Catch::Contains("\nNAME     STATE   HOLDER"));
  const BusSnapshot bus = bus_at(10s, 10);
  CHECK_THAT(report_text(compare(nullptr, bus), {}),
             Catch::Contains("\nno journals\n") && Catch::Contains("\nno durables\n"));
}

TEST_CASE("all panes have their place in the bar of a narrow screen, and all rows are counted on a wide one", "[top]") {
  Session session{{.bus = "test-bus"}};
  session.see(two_seconds());
  const auto bar = [&](std::size_t width) {
    std::string text = shmbus::top::text_of(session.frame({24, width}, true).lines.at(4));
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  };
  CHECK(bar(160) == " 1 topics 2  2 subscribers 3  3 publishers 1  4 nodes 2  5 journals 1  6 durables 2  7 groups 0");
  CHECK(bar(80) == " 1 topics 2  2 subs 3  3 pubs 1  4 nodes 2  5 journ 1  6 durab 2  7 groups 0");
  session.apply({Action::filter});
  session.type("a");
  session.end_typing(true);
  CHECK(bar(80) == " 1 topics 2  2 subs  3 pubs  4 nodes  5 journ  6 durab  7 groups   filter: a");
  session.apply({Action::back});
  CHECK(bar(66) == " 1 topics 2  2 subs  3 pubs  4 nodes  5 journ  6 durab  7 groups");
}
