// Tables that fit a terminal.

#include <catch2/catch.hpp>
#include <algorithm>
#include <sstream>
#include <string>

#include "port_tables.hpp"
#include "port_text.hpp"
#include "rate_line.hpp"
#include "table.hpp"

using namespace shmbus;
using tool::Table;

namespace {

std::size_t widest_line(const std::string& text) {
  std::size_t widest = 0;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, line.size());
  return widest;
}

Table some_table() {
  Table table{{{"NAME", Table::Align::left, 0, 8},
               {"NUMBER"},
               {"MORE", Table::Align::right, 1},
               {"MOST", Table::Align::right, 2}}};
  table.add({"video.watch_started", "1", "22", "333"});
  table.add({"a", "10", "2", "3"});
  return table;
}

/// A topic with one port of each kind, whose names are long.
TopicSnapshot wide_topic() {
  TopicSnapshot topic;
  topic.info.name = "recommendation.updated_for_everybody";
  PublisherSnapshot p;
  p.program = "recommendation-";
  p.pid = 4'194'303;
  p.alive = true;
  p.published = 123'456'789'012;
  p.bytes = 123'456'789'012;
  topic.publishers.push_back(p);
  SubscriberSnapshot s;
  s.name = "notification-service of a long name";
  s.program = "notification-se";
  s.pid = 4'194'303;
  s.alive = true;
  s.state = SubscriberState::sleeping;
  s.lag = 123'456;
  s.lag_time = std::chrono::milliseconds{12'300};
  s.delivered = 123'456'789;
  s.lost = 4'321;
  topic.subscribers.push_back(s);
  return topic;
}

}  // namespace

TEST_CASE("a table without a width shows every column in full", "[tool]") {
  CHECK(some_table().text() ==
        "NAME                 NUMBER  MORE  MOST\n"
        "video.watch_started       1    22   333\n"
        "a                        10     2     3\n");
  CHECK(some_table().text(39) == some_table().text());
}

TEST_CASE("names that may be shortened are shortened before columns are left out", "[tool]") {
  CHECK(some_table().text(32) ==
        "NAME          NUMBER  MORE  MOST\n"
        "video.~arted       1    22   333\n"
        "a                 10     2     3\n");
}

TEST_CASE("columns of the highest rank are left out first, those of rank 0 never", "[tool]") {
  CHECK(some_table().text(22) ==
        "NAME      NUMBER  MORE\n"
        "vide~ted       1    22\n"
        "a             10     2\n");
  CHECK(some_table().text(1) ==
        "NAME      NUMBER\n"
        "vide~ted       1\n"
        "a             10\n");
}

TEST_CASE("a shortened text keeps its ends, and whole characters", "[tool]") {
  CHECK(tool::shorten("short", 5) == "short");
  CHECK(tool::shorten("abcdefghij", 5) == "ab~ij");
  CHECK(tool::shorten("abcdefghij", 4) == "ab~j");
  CHECK(tool::shorten("abcdefghij", 1) == "~");
  CHECK(tool::shorten("abcdefghij", 0) == "");
  CHECK(tool::shorten("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa9", 3) == "\xc3\xa4~\xc3\xa9");
}

TEST_CASE("cells of more bytes than characters stay in their columns", "[tool]") {
  Table table{{{"NAME", Table::Align::left}, {"N"}}};
  table.add({"\xc3\xa4", "1"});
  CHECK(table.text() == "NAME  N\n\xc3\xa4     1\n");
}

TEST_CASE("the tables of ports fit 80 columns, and still show what is wrong", "[tool]") {
  tool::PortTables tables{tool::Bridges{{}}};
  tables.add(wide_topic());
  CHECK(widest_line(tables.text()) > 140);
  CHECK_THAT(tables.text(), Catch::Contains("P50 / P99 / P99.9") && Catch::Contains("MISMATCHED"));
  const std::string narrow = tables.text(80);
  CHECK(widest_line(narrow) <= 80);
  CHECK_THAT(narrow, Catch::Contains("STATE") && Catch::Contains("LAG") && Catch::Contains("LOST"));
  CHECK_THAT(narrow, Catch::Contains("123456") && Catch::Contains("4321") && Catch::Contains("4194303"));
  CHECK_THAT(narrow, !Catch::Contains("P50") && !Catch::Contains("MISMATCHED"));
}

TEST_CASE("a subscriber that is named after its program is named once, although the system cuts the program's name",
          "[tool]") {
  CHECK(tool::process_text("", "player") == "player");
  CHECK(tool::process_text("player", "player") == "player");
  CHECK(tool::process_text("analytics-service", "analytics-servi") == "analytics-service");
  CHECK(tool::process_text("brake", "player") == "brake (player)");
  CHECK(tool::process_text("players", "player") == "players (player)");
}

TEST_CASE("the lines of stat fit 80 columns, heading and figures alike", "[tool]") {
  tool::Rates rates;
  rates.published = 12'345'678;
  rates.lag = 99'999;
  const BusSnapshot bus;
  CHECK(tool::rate_heading(0).size() == tool::rate_line(rates, bus, 0).size());
  CHECK(tool::rate_heading(0).size() > 100);
  CHECK_THAT(tool::rate_heading(0), Catch::Contains("WAKEUPS/S") && Catch::Contains("NODES"));
  for (const std::size_t width : {80u, 90u, 99u, 200u}) {
    CAPTURE(width);
    CHECK(tool::rate_heading(width).size() <= width + 1);  // and the newline
    CHECK(tool::rate_heading(width).size() == tool::rate_line(rates, bus, width).size());
  }
  CHECK_THAT(tool::rate_heading(80), Catch::Contains("LOST/S") && Catch::Contains("SHM FREE"));
  CHECK_THAT(tool::rate_heading(80), !Catch::Contains("WAKEUPS/S") && !Catch::Contains("PUBS"));
}
