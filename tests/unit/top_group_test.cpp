// What shmbus-top shows of groups.

#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "model/alerts.hpp"
#include "model/history.hpp"
#include "model/pane.hpp"
#include "model/report.hpp"
#include "model/row_id.hpp"
#include "top_fixture.hpp"

using namespace std::chrono_literals;
using namespace shmbus::top;
using shmbus::GroupEventState;
using shmbus::GroupSnapshot;
using test::bus_at;
using test::cell;
using test::tone;

namespace {

GroupSnapshot group(const std::string& name, std::uint64_t acknowledged) {
  GroupSnapshot g;
  g.topic = "a";
  g.group = name;
  g.id = 5;
  g.members.resize(2);
  g.counts.leases = acknowledged + 3;
  g.counts.acknowledged = acknowledged;
  g.lag = 12;
  g.leased = 3;
  g.waiting = 4;
  g.oldest.emplace();
  g.oldest->state = GroupEventState::leased;
  g.oldest->member = "worker[500]";
  g.oldest->node_state = shmbus::NodeState::alive;
  g.oldest_age = 1500ms;
  return g;
}

/// Two snapshots, two seconds apart: `busy` acknowledged 2000 events in between, `left` has no member.
ComparedSnapshot two_seconds() {
  const auto before = bus_at(10s, 1000);
  ComparedSnapshot look = compare(&before, bus_at(12s, 3000));
  GroupSnapshot left = group("left", 7);
  left.members.clear();
  add_groups(look, {group("busy", 500), left}, {group("busy", 2500), left});
  return look;
}

}  // namespace

TEST_CASE("the pane of groups shows what is leased and waits, how old it is, and who holds it", "[top][group]") {
  const ComparedSnapshot look = two_seconds();
  const Grid grid = grid_of(Pane::groups, look, {});
  REQUIRE(grid.rows.size() == 2);
  for (const Row& row : grid.rows) CHECK(row.cells.size() == grid.columns.size());
  CHECK(cell(grid, "busy", "GROUP") == "busy");
  CHECK(cell(grid, "busy", "STATE") == "ok");
  CHECK(cell(grid, "busy", "LAG") == "12");
  CHECK(cell(grid, "busy", "LEASED") == "3");
  CHECK(cell(grid, "busy", "WAITING") == "4");
  CHECK(cell(grid, "busy", "HOLDER") == "worker[500]");
  CHECK(cell(grid, "left", "STATE") == "nobody");
  CHECK(tone(grid, "left", "STATE") == Tone::notice);
  CHECK(first_order(Pane::groups).column != 0);
  CHECK(look.group_rates.at(0).acknowledged == Approx(1000));
  CHECK(look.group_rates.at(1).acknowledged == 0);
  History history;
  history.add(look);
  CHECK(history.last(row_id(look.groups[0])).back() == Approx(1000));
}

TEST_CASE("a group in trouble says so in an alarming colour", "[top][group]") {
  ComparedSnapshot look = two_seconds();
  look.groups[0].cautious = true;
  CHECK(cell(grid_of(Pane::groups, look, {}), "busy", "STATE") == "cautious");
  look.groups[0].full = true;
  const Grid grid = grid_of(Pane::groups, look, {});
  CHECK(cell(grid, "busy", "STATE") == "full");
  CHECK(tone(grid, "busy", "STATE") == Tone::bad);
  look.groups[0].problem = "damaged";
  CHECK(cell(grid_of(Pane::groups, look, {}), "busy", "STATE") == "unreadable");
}

TEST_CASE("each trouble of a group is an alert, with what to do", "[top][group]") {
  const auto before = bus_at(10s, 1000);
  const auto alerts_of = [&](const GroupSnapshot& then, const GroupSnapshot& now) {
    ComparedSnapshot look = compare(&before, bus_at(12s, 3000));
    add_groups(look, {then}, {now});
    std::vector<Alert> found;
    for (Alert& alert : find_alerts(look)) {
      if (alert.text.starts_with("a: group busy ")) found.push_back(std::move(alert));
    }
    return found;
  };
  const GroupSnapshot well = group("busy", 500);
  CHECK(alerts_of(well, group("busy", 2500)).empty());

  const auto one = [&](const GroupSnapshot& now, const std::string& text, const std::string& remedy) {
    const auto found = alerts_of(well, now);
    REQUIRE(found.size() == 1);
    CHECK(found[0].topic == "a");
    CHECK(found[0].tone == Tone::bad);
    CHECK(found[0].text.find(text) != std::string::npos);
    CHECK(found[0].remedy.find(remedy) != std::string::npos);
  };
  GroupSnapshot g = well;
  g.cautious = true;
  one(g, "is cautious", "why its members fail");
  g = well;
  g.full = true;
  g.full_for = 900ms;
  CHECK(alerts_of(well, g).empty());
  g.full_for = 3s;
  one(g, "full for 3.00 s; oldest event", "shmbus who");
  g.oldest->node_state = shmbus::NodeState::stopped;
  g.oldest->pid = 500;
  one(g, "(stopped)", "kill -CONT 500");
  g = well;
  g.members.clear();
  one(g, "has no member; 12 events wait", "shmbus group --bus test-bus a busy --remove");
  g.oldest_age = 900ms;  // it may be coming
  CHECK(alerts_of(well, g).empty());
  g.oldest_age.reset();  // not known
  one(g, "has no member", "start a member");
  g.lag = 0;
  CHECK(alerts_of(well, g).empty());
  g = well;
  g.counts.unpublished = 1;
  g.options.dead_letters = "a.dead";
  one(g, "can't publish its dead letters to a.dead", "standard error");
  CHECK(alerts_of(g, g).empty());  // it was some time ago
  g = well;
  g.counts.lost = 4;
  one(g, "loses events, 4 so far", "a journal");
  CHECK(alerts_of(g, g).empty());
  g = well;
  g.problem = "damaged";
  one(g, "can't be read: damaged", "shmbus doctor");
}

TEST_CASE("a group made anew counts from zero", "[top][group]") {
  const auto before = bus_at(10s, 1000);
  ComparedSnapshot look = compare(&before, bus_at(12s, 3000));
  GroupSnapshot anew = group("busy", 2500);
  anew.id = 6;
  add_groups(look, {group("busy", 500)}, {anew});
  CHECK(look.group_rates.at(0).acknowledged == 0);
}
