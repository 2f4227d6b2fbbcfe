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
    {"1 ... 7, Tab", "topics, subscribers, publishers, nodes, journals, durables, groups"},
    {"arrows, Page, Home, End", "choose a row, or scroll; left, right: hidden columns"},
    {"Enter", "the row's topic: rate, ring and ports; or click twice"},
    {"e", "the topic's last events, with their payloads"},
    {"a", "all alerts, each with its remedy"},
    {"b", "choose another bus"},
    {"Esc, Backspace", "back"},
    {"< >", "sort by the column to the left, right; or click on it"},
    {"r", "reverse the order"},
    {"/", "filter rows by words; Enter keeps it, Esc clears it"},
    {"p, Space", "pause, and go on"},
    {"+ -", "refresh less or more often"},
    {"u", "units: KiB, kB, exact"},
    {"l", "latency since the last refresh, or since attached"},
    {"?, h", "this help"},
    {"q, Ctrl-C", "quit; q leaves a detail first"},
    {"", ""},
    {"", "Columns"},
    {"TREND", "events per second over the last refreshes; of a node, its CPU"},
    {"LAG", "events published and not read yet; of a topic, the most"},
    {"LAGTIME", "how long the oldest of them has waited"},
    {"LOST", "sequence numbers it did not see, aborted ones too"},
    {"P50 P99 P99.9", "publish to handler: this percentage took at most this time"},
    {"GATING", "how long it has held publishers back"},
    {"MISMATCHED", "events that were not of the type it reads"},
    {"WAITS WAITING", "how often a publisher waited, and how long it waits now"},
    {"CLAIM", "how long an event is claimed and not committed"},
    {"UNRECORDED", "events published that are not written to the journal yet"},
    {"NOTDURABLE", "... that are not as safe yet as the journal's policy makes them"},
    {"SYNC", "how long a sync took, since the last refresh"},
    {"MISSING", "events that left the ring and were never recorded"},
    {"BEHIND", "events that a durable name has not acknowledged"},
    {"DROPPED", "of those, the ones that are lost: they left the ring"},
    {"", ""},
    {"", "States"},
    {"awake", "it handles events, or looks for some"},
    {"spinning", "awake, and its process uses a whole core"},
    {"sleeping", "in the kernel, until an event comes"},
    {"lapped", "its next block has left the ring: it has lost events"},
    {"gating", "reliable, and publishers wait for it"},
    {"holding", "a journal: the ring is full, and publishers wait for the disk"},
    {"passed", "a journal: publishers go on without it"},
    {"LEASED, WAITING", "events of a group that members hold, or that nobody holds"},
    {"OLDEST", "age of the first event that a group has not settled"},
    {"AGAIN, DEAD", "leases of events leased before; dead letters"},
    {"cautious", "a group: most leases failed, so it leases one event a second"},
    {"full", "a group: its window is full, and waits for its oldest event"},
    {"held, nobody", "a durable name: a subscriber holds it, or none"},
    {"stopped, dead", "its process was stopped (SIGSTOP, a debugger), or died"},
    {"", ""},
    {"", "Colours"},
    {"yellow, red", "something may be wrong; something is wrong"},
};

}  // namespace

std::vector<Line> help_page() {
  std::vector<Line> page;
  for (const Entry& entry : entries) {
    Line& line = page.emplace_back();
    if (entry.keys.empty())
      line.add(std::string{entry.text}, Tone::strong);
    else
      line.add(fit(entry.keys, 24), Tone::good).add(std::string{entry.text});
  }
  return page;
}

}  // namespace shmbus::top
