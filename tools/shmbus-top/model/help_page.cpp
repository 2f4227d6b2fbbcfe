#include <string_view>

#include "model/pages.hpp"

namespace shmbus::top {
namespace {

struct Entry {
  std::string_view keys;  // empty: a heading
  std::string_view text;
};

constexpr Entry entries[] = {
    {"", "Keys"},
    {"1 2 3 4, Tab", "topics, subscribers, publishers, nodes; or click"},
    {"arrows, Page, Home, End", "choose a row; left and right show columns that a narrow screen hides"},
    {"Enter", "the detail of the row's topic, its ring and its rate over time; or click twice"},
    {"Esc, Backspace", "back"},
    {"< >", "sort by the column to the left or right; or click its heading"},
    {"r", "sort the other way round"},
    {"/", "filter by words in a row; Enter keeps it, Esc clears it"},
    {"p, Space", "pause, and go on"},
    {"+ -", "look less or more often"},
    {"u", "units: KiB, kB, exact"},
    {"l", "delivery latency since the look before, or since the subscriber attached"},
    {"?, h", "this help"},
    {"q, Ctrl-C", "quit"},
    {"", ""},
    {"", "Columns"},
    {"LAG", "events published and not read yet; of a topic, of its slowest subscriber"},
    {"LAGTIME", "how long the oldest of them has lain there"},
    {"LOST", "events a lossy subscriber missed, exactly"},
    {"P50 P99 P99.9", "publish to handler: so much of the events took at most so long"},
    {"GATING", "how long this reliable subscriber has held publishers back"},
    {"WAITS WAITING", "times a publisher had to wait for one, and how long it does by now"},
    {"CLAIM", "how long an event has been claimed and not committed; subscribers wait at it"},
    {"", ""},
    {"", "States of a subscriber"},
    {"spinning", "awake: it handles events, or looks for some"},
    {"sleeping", "in the kernel, until an event comes"},
    {"lapped", "the block it needs next has left the ring; what it lost it has not been told yet"},
    {"gating", "publishers wait for it"},
    {"stopped, dead", "its process was stopped by a signal or debugger, or died"},
};

}  // namespace

std::vector<Line> help_page() {
  std::vector<Line> page;
  for (const Entry& entry : entries) {
    Line& line = page.emplace_back();
    if (entry.keys.empty())
      line.add(std::string{entry.text}, Tone::strong);
    else
      line.add(fit(entry.keys, 25), Tone::good).add(std::string{entry.text});
  }
  return page;
}

}  // namespace shmbus::top
