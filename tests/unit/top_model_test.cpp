// The model of shmbus-top: what it computes from two snapshots, sorts, filters and lays out, without a terminal.

#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/grid.hpp"
#include "model/history.hpp"
#include "model/compared_snapshot.hpp"
#include "model/pages.hpp"
#include "model/pane.hpp"
#include "model/report.hpp"
#include "model/ring_picture.hpp"
#include "model/row_id.hpp"
#include "model/table_lines.hpp"
#include "model/units.hpp"
#include "top_fixture.hpp"

using namespace shmbus::top;
using namespace std::chrono_literals;
using shmbus::BusSnapshot;
using shmbus::Time;
using test::bus_at;
using test::cell;
using test::names;
using test::text_of;

TEST_CASE("the first snapshot of a bus has no rates, and the screen says so", "[top]") {
  const ComparedSnapshot look = compare(nullptr, bus_at(10s, 1000));
  CHECK_FALSE(look.compared);
  const Grid grid = grid_of(Pane::topics, look, {});
  CHECK(cell(grid, "a", "EVENTS/S") == "-");
  CHECK(cell(grid, "a", "PUBLISHED") == "1000");
}

TEST_CASE("the rates of a snapshot are the changes since the one before, per second", "[top]") {
  const BusSnapshot before = bus_at(10s, 1000);
  const ComparedSnapshot look = compare(&before, bus_at(12s, 3000));
  REQUIRE(look.topics.size() == 2);
  CHECK(look.topics[0].published == Approx(1000));
  CHECK(look.topics[0].bytes == Approx(100'000));
  CHECK(look.topics[0].publishers[0].published == Approx(1000));
  CHECK(look.topics[0].subscribers[0].delivered == Approx(1000));
  CHECK(look.topics[0].subscribers[1].lost == Approx(500));
  CHECK(look.topics[0].lost == Approx(500));
  CHECK(look.topics[1].published == 0);
  CHECK(look.total.published == Approx(1000));
  CHECK(look.processor[0] == Approx(1.0));
}

TEST_CASE("setting the system clock between two snapshots changes no rate", "[top]") {
  const BusSnapshot before = bus_at(10s, 1000);
  BusSnapshot after = bus_at(12s, 3000);
  for (const auto set : {-1h, 1h}) {
    after.taken = before.taken + set;
    const ComparedSnapshot look = compare(&before, after);
    CHECK(look.compared);
    CHECK(look.total.published == Approx(1000));
    CHECK(look.topics[0].published == Approx(1000));
    CHECK(look.processor[0] == Approx(1.0));
  }
}

TEST_CASE("a port that another process took counts from 0", "[top]") {
  const BusSnapshot before = bus_at(10s, 1000);
  BusSnapshot after = bus_at(11s, 300);
  after.topics[0].subscribers[0].node = 77;
  CHECK(compare(&before, after).topics[0].subscribers[0].delivered == Approx(300));
}

TEST_CASE("lag and lost are shown with all their digits", "[top]") {
  BusSnapshot bus = bus_at(10s, 10);
  bus.topics[0].subscribers[0].lag = 1'234'567;
  bus.topics[0].subscribers[0].lost = 7'654'321;
  const Grid grid = grid_of(Pane::subscribers, compare(nullptr, bus), {});
  CHECK(cell(grid, "a", "LAG") == "1234567");
  CHECK(cell(grid, "a", "LOST") == "7654321");
}

TEST_CASE("a subscriber that holds publishers back is shown as gating, with its time", "[top]") {
  BusSnapshot bus = bus_at(10s, 10);
  shmbus::SubscriberSnapshot& s = bus.topics[0].subscribers[0];
  s.state = shmbus::SubscriberState::gating;
  s.delivery = shmbus::Delivery::reliable;
  s.gating = true;
  s.gating_for = 1500ms;
  const ComparedSnapshot look = compare(nullptr, bus);
  const Grid grid = grid_of(Pane::subscribers, look, {});
  CHECK(cell(grid, "a", "STATE") == "gating");
  CHECK(cell(grid, "a", "MODE") == "reliable");
  CHECK(cell(grid, "a", "GATING") == "1.50s");
  CHECK(cell(grid_of(Pane::topics, look, {}), "a", "STATE") == "gated");
}

TEST_CASE("a publisher shows how long it waits, and how old its open claim is", "[top]") {
  BusSnapshot bus = bus_at(10s, 10);
  shmbus::PublisherSnapshot& p = bus.topics[0].publishers[0];
  p.waits = 3;
  p.waiting_for = 20ms;
  p.claim_open = true;
  Grid grid = grid_of(Pane::publishers, compare(nullptr, bus), {});
  CHECK(cell(grid, "a", "STATE") == "waiting");
  CHECK(cell(grid, "a", "WAITS") == "3");
  CHECK(cell(grid, "a", "WAITING") == "20.0ms");
  CHECK(cell(grid, "a", "CLAIM") == "open");
  p.claim_age = 2s;
  grid = grid_of(Pane::publishers, compare(nullptr, bus), {});
  CHECK(cell(grid, "a", "CLAIM") == "2.00s");
}

TEST_CASE("a topic that can't be read, and one that is not finished, have rows too", "[top]") {
  BusSnapshot bus = bus_at(10s, 10);
  bus.topics[1] = {};
  bus.topics[1].info.name = "b";
  bus.topics[1].problem = "topic 'b': bad magic";
  bus.unfinished.push_back({.name = "c", .creator = 1, .creator_state = shmbus::NodeState::stopped});
  const Grid grid = grid_of(Pane::topics, compare(nullptr, bus), {});
  CHECK(cell(grid, "b", "STATE") == "unreadable");
  CHECK(cell(grid, "c", "STATE") == "unfinished");
}

TEST_CASE("every pane's rows have one cell for each column", "[top]") {
  BusSnapshot bus = bus_at(10s, 10);
  bus.unfinished.push_back({.name = "c"});
  const ComparedSnapshot look = compare(nullptr, bus);
  for (const Pane pane : panes) {
    const Grid grid = grid_of(pane, look, {});
    CHECK(grid.rows.empty() == (pane == Pane::journals || pane == Pane::durables || pane == Pane::groups));
    for (const Row& row : grid.rows) CHECK(row.cells.size() == grid.columns.size());
    CHECK(first_order(pane).column < grid.columns.size());
  }
}

TEST_CASE("rows are sorted by number from the largest, by name from A, or in reverse", "[top]") {
  Grid grid{{{.heading = "NAME", .is_text = true}, {.heading = "N"}}, {}};
  grid.rows = {{"1", "", {{"b"}, {"9", 9.0}}}, {"2", "", {{"a"}, {"10", 10.0}}}, {"3", "", {{"c"}, {"10", 10.0}}}};
  sort(grid, {.column = 1});
  CHECK(names(grid) == std::vector<std::string>{"a", "c", "b"});
  sort(grid, {.column = 1, .reversed = true});
  CHECK(names(grid) == std::vector<std::string>{"b", "a", "c"});  // equal rows keep their order
  sort(grid, {.column = 0});
  CHECK(names(grid) == std::vector<std::string>{"a", "b", "c"});
  sort(grid, {.column = 0, .reversed = true});
  CHECK(names(grid) == std::vector<std::string>{"c", "b", "a"});
}

TEST_CASE("a filter keeps the rows that hold all of its words, in upper or lower case", "[top]") {
  const ComparedSnapshot look = compare(nullptr, bus_at(10s, 10));
  const auto left = [&](const char* words) {
    Grid grid = grid_of(Pane::subscribers, look, {});
    filter(grid, words);
    return grid.rows.size();
  };
  CHECK(left("") == 3);
  CHECK(left("SLOW") == 1);
  CHECK(left("slow lossy") == 1);
  CHECK(left("slow reliable") == 0);
  CHECK(left("  lossy ") == 3);
}

TEST_CASE("numbers have three digits and a unit, or all of their digits", "[top]") {
  CHECK(rate_text(0, Units::binary) == "0");
  CHECK(rate_text(0.5, Units::binary) == "0.50");
  CHECK(rate_text(12.34, Units::binary) == "12.3");
  CHECK(rate_text(999.4, Units::binary) == "999");
  CHECK(rate_text(999.6, Units::binary) == "1.00k");
  CHECK(rate_text(12'345, Units::decimal) == "12.3k");
  CHECK(rate_text(12'345'678, Units::decimal) == "12.3M");
  CHECK(rate_text(12'345, Units::exact) == "12345");
  CHECK(bytes_text(1536, Units::binary) == "1.5KiB");
  CHECK(bytes_text(1536, Units::decimal) == "1.54kB");
  CHECK(bytes_text(1536, Units::exact) == "1536");
  CHECK(time_text(1500ms) == "1.50s");
  CHECK(time_text(136s) == "2m16s");
}

TEST_CASE("a sparkline's bars follow its values, and it is as long as there is room", "[top]") {
  const std::vector<double> values{0, 1, 4, 8};
  CHECK(sparkline(values, 10, false) == " _-#");
  CHECK(sparkline(values, 10, true) == " ▁▄█");
  CHECK(sparkline(values, 2, false) == "-#");
  CHECK(sparkline({}, 10, false).empty());
}

TEST_CASE("the history of a row ends with the row, and is bounded", "[top]") {
  History history;
  BusSnapshot before = bus_at(10s, 0);
  const shmbus::TopicSnapshot topic = before.topics[0];
  for (unsigned i = 1; i <= History::most + 10; ++i) {
    const BusSnapshot now = bus_at(10s + i * 1s, i * 100);
    history.add(compare(&before, now));
    before = now;
  }
  CHECK(history.last(row_id(topic)).size() == History::most);
  CHECK(history.last(row_id(topic), 7).size() == 7);
  CHECK(history.last(row_id(topic)).back() == Approx(100));
  CHECK(history.last(row_id(topic, topic.subscribers[0])).back() == Approx(100));
  CHECK(history.last(row_id(topic, topic.publishers[0])).back() == Approx(100));
  CHECK(history.last(row_id(before.nodes[0])).back() == Approx(1));
  CHECK(history.last("of no row").empty());
  BusSnapshot without = bus_at(1000s, 0);
  without.topics.erase(without.topics.begin());
  history.add(compare(&before, without));
  CHECK(history.last(row_id(topic)).empty());
}

TEST_CASE("a ring is drawn from the oldest block to the newest, with the subscribers inside", "[top]") {
  const BusSnapshot bus = bus_at(10s, 10);
  shmbus::RingSnapshot ring;
  ring.slots.resize(6);  // the newest at 1, so the oldest is at 2
  for (const unsigned slot : {4u, 5u, 0u, 1u}) ring.slots[slot].number = 1 + (slot + 2) % 6;
  ring.slots[1].newest = true;
  ring.slots[4].pinned_by = ring.slots[4].gated_by = 1;
  ring.slots[5].retained_by = 2;
  ring.slots[0].pinned_by = 2;
  const auto lines = ring_picture(bus.topics[0], ring, 20);
  REQUIRE(lines.size() == 3);
  CHECK(text_of(lines[0]) == "..!rpw");
  CHECK_THAT(text_of(lines[1]), Catch::StartsWith("  ^     fast (500) awake"));
  CHECK_THAT(text_of(lines[2]), Catch::StartsWith("   ^^   slow (500) awake"));
  CHECK(text_of(ring_picture(bus.topics[0], ring, 3)[0]) == ".!p");  // of each two blocks the more important mark
  ring.outside.push_back({.number = 1, .pinned_by = 1});
  CHECK_THAT(text_of(ring_picture(bus.topics[0], ring, 20)[0]), Catch::EndsWith("left the ring: p"));
}

namespace {

/// A name that may be cut, and numbers of which the last is the least important.
Grid some_grid() {
  Grid grid{{{.heading = "NAME", .is_text = true, .brief_rank = 1, .least = 6},
             {.heading = "N"},
             {.heading = "LAST", .rank = 2}},
            {}};
  grid.rows = {{"1", "", {Cell{"long.name (program)", "long.name"}, {"12345", 1.0}, {"x", 1.0}}}};
  return grid;
}

}  // namespace

TEST_CASE("a narrow screen hides columns and shows brief names, then cuts names, then cuts lines at the right",
          "[top]") {
  const Grid grid = some_grid();
  const auto row_at = [&](std::size_t width) { return text_of(TableLines{grid, {.column = 1}, {.width = width}}.row(0)); };
  const TableLines wide{grid, {.column = 1}, {.width = 40}};
  CHECK(text_of(wide.heading()) == "NAME                  N v LAST ");
  CHECK(text_of(wide.row(0)) == "long.name (program) 12345    x ");
  CHECK(wide.hidden() == 0);
  CHECK(row_at(30) == "long.name (program) 12345    x ");
  CHECK(row_at(29) == "long.name (program) 12345 ");
  CHECK(row_at(25) == "long.name (program) 12345 ");
  CHECK(row_at(24) == "long.name 12345    x ");
  CHECK(row_at(20) == "long.name 12345    x ");
  CHECK(row_at(19) == "long.name 12345 ");
  CHECK(row_at(15) == "long.name 12345 ");
  CHECK(row_at(14) == "long.na~ 12345 ");
  CHECK(row_at(12) == "long.~ 12345 ");
  CHECK(row_at(11) == "long.~ ");
  CHECK(TableLines{grid, {.column = 1}, {.width = 25}}.hidden() == 1);
  CHECK(text_of(TableLines{grid, {.column = 1}, {.width = 40, .skip = 1}}.row(0)) == "long.name (program)    x ");
}

TEST_CASE("the column that is sorted by is never hidden", "[top]") {
  const Grid grid = some_grid();
  const TableLines table{grid, {.column = 2}, {.width = 23}};
  CHECK(text_of(table.heading()) == "NAME          N LAST v ");
}

TEST_CASE("the sort mark stands apart from the heading", "[top]") {
  const Grid grid = some_grid();
  const auto heading = [&](Order order) { return text_of(TableLines{grid, order, {.utf8 = true}}.heading()); };
  CHECK_THAT(heading({.column = 1}), Catch::Contains(" N ▼ "));
  CHECK_THAT(heading({.column = 1, .reversed = true}), Catch::Contains(" N ▲ "));
  CHECK_THAT(heading({.column = 0}), Catch::StartsWith("NAME ▲ "));
}

TEST_CASE("a column of numbers never gets narrower", "[top]") {
  Grid grid = some_grid();
  WidestNumbers widest;
  const TableLines first{grid, {.column = 1}, {.width = 40}, &widest};
  grid.rows[0].cells[1] = {"1", 1.0};
  const TableLines second{grid, {.column = 1}, {.width = 40}, &widest};
  CHECK(text_of(second.row(0)) == "long.name (program)     1    x ");
}

TEST_CASE("a trend takes the room that is left, and has its least width where it does not fit", "[top]") {
  Grid grid = some_grid();
  grid.columns.push_back({.heading = "TREND", .rank = 3, .is_trend = true});
  grid.rows[0].cells.emplace_back("");
  grid.rows[0].trend = {0, 1, 4, 8};
  const TableLines table{grid, {.column = 1}, {.width = 44}};
  CHECK(text_of(table.row(0)) == "long.name (program) 12345    x  _-#          ");
  CHECK(table.places().back().width == 13);
  CHECK(TableLines{grid, {.column = 1}, {.width = 40}}.places().size() == 3);
}

TEST_CASE("a text is cut with a mark, or padded, to its width", "[top]") {
  CHECK(fit("abc", 5) == "abc  ");
  CHECK(fit("abc", 5, true) == "  abc");
  CHECK(fit("abcdef", 4) == "abc~");
  CHECK(fit("abc", 0).empty());
}

TEST_CASE("batch output has the header and a table for each pane, or for the one asked for", "[top]") {
  const BusSnapshot before = bus_at(10s, 1000);
  const ComparedSnapshot look = compare(&before, bus_at(12s, 3000));
  const std::string all = report_text(look, {});
  CHECK_THAT(all, Catch::StartsWith("shmbus-top  bus test-bus"));
  CHECK_THAT(all, Catch::Contains("events/s 1.00k"));
  for (const char* heading : {"\nTOPIC  EVENTS/S", "\nTOPIC  PROCESS", "\nNODE"})
    CHECK_THAT(all, Catch::Contains(heading));
  const std::string one = report_text(look, {.pane = Pane::nodes, .filter = "nobody"});
  CHECK_THAT(one, Catch::EndsWith("\nno nodes\n"));
}

TEST_CASE("a snapshot in JSON holds all there is, with rates where they are known", "[top]") {
  const BusSnapshot before = bus_at(10s, 1000);
  const auto first = nlohmann::json::parse(report_json(compare(nullptr, before)));
  CHECK(first["events_per_s"].is_null());
  const auto json = nlohmann::json::parse(report_json(compare(&before, bus_at(12s, 3000))));
  CHECK(json["bus"] == "test-bus");
  CHECK(json["events_per_s"] == Approx(1000));
  CHECK(json["topics"].size() == 2);
  CHECK(json["topics"][0]["events_per_s"] == Approx(1000));
  CHECK(json["subscribers"][1]["lost_per_s"] == Approx(500));
  CHECK(json["publishers"][0]["published"] == 3000);
  CHECK(json["nodes"][0]["cores"] == Approx(1));
  CHECK(json["nodes_dead"] == 1);
}

TEST_CASE("a topic that a subscriber could not attach is an alert, and appears in the detail and in JSON", "[top]") {
  BusSnapshot bus = bus_at(10s, 1000);
  shmbus::SubscriptionSnapshot& s = bus.subscriptions.emplace_back();
  s.program = "reader";
  s.pid = 500;
  s.state = shmbus::NodeState::alive;
  s.pattern = ">";
  s.unattached_count = 1;
  s.unattached = {{"a", shmbus::ErrorCode::limit}};
  const ComparedSnapshot look = compare(nullptr, bus);
  CHECK_THAT(report_text(look, {}), Catch::Contains("\nalert: reader (500) does not read 1 topic"));
  const auto json = nlohmann::json::parse(report_json(look));
  CHECK(json["unattached"][0]["topic"] == "a");
  CHECK(json["unattached"][0]["reason"] == "limit");
  CHECK_THAT(text_of(shmbus::top::detail_page(look, "a", nullptr, {}, {})),
             Catch::Contains("unread by  reader (pid 500), which matches it as '>': limit"));
}
