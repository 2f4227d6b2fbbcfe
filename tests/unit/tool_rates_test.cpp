// Rates, intervals, tables and texts of the command-line tool.

#include <catch2/catch.hpp>
#include <chrono>

#include "finding.hpp"
#include "intervals.hpp"
#include "quantity_text.hpp"
#include "rates.hpp"
#include "table.hpp"

using namespace shmbus::tool;
using namespace std::chrono_literals;
using shmbus::BusSnapshot;
using shmbus::Time;

namespace {

using Texts = std::vector<std::string>;

BusSnapshot at(std::chrono::nanoseconds time, std::uint64_t published, std::uint64_t delivered, std::uint64_t lost,
               std::uint64_t node = 5) {
  BusSnapshot bus;
  bus.steady += time;
  shmbus::TopicSnapshot& topic = bus.topics.emplace_back();
  topic.info.name = std::string{"t"};
  topic.info.id = 1;
  topic.published = published;
  topic.bytes = published * 100;
  topic.publishers.push_back({.port = 0, .node = 1, .program = {}, .alive = true, .waits = 7});
  shmbus::SubscriberSnapshot& s = topic.subscribers.emplace_back();
  s.node = node;
  s.alive = true;
  s.delivered = delivered;
  s.lost = lost;
  s.lag = 12;
  bus.nodes.push_back({.id = 1, .program = {}, .alive = true});
  bus.nodes.push_back({.id = 2, .program = {}, .alive = false});
  return bus;
}

}  // namespace

TEST_CASE("rates are the changes between two snapshots, per second", "[tool]") {
  const Rates r = rates_between(at(10s, 1000, 900, 5), at(12s, 3000, 2900, 9), std::nullopt);
  CHECK(r.seconds == Approx(2));
  CHECK(r.published == Approx(1000));
  CHECK(r.bytes == Approx(100'000));
  CHECK(r.delivered == Approx(1000));
  CHECK(r.lost == Approx(2));
  CHECK(r.waits == 0);
  CHECK(r.lag == 12);
  CHECK(r.publishers == 1);
  CHECK(r.subscribers == 1);
  CHECK(r.nodes == 1);
}

TEST_CASE("rates count a new port and a new topic from 0, and leave out topics that were not asked for", "[tool]") {
  CHECK(rates_between(at(1s, 0, 500, 0, 5), at(2s, 0, 30, 0, 6), std::nullopt).delivered == Approx(30));
  CHECK(rates_between(BusSnapshot{}, at(1s, 70, 0, 0), std::nullopt).published == Approx(70));
  CHECK(rates_between(at(1s, 0, 0, 0), at(2s, 70, 0, 0), "other").published == 0);
  CHECK(rates_between(at(1s, 70, 0, 0), at(2s, 3, 0, 0), std::nullopt).published == 0);  // another publisher has the port
}

TEST_CASE("intervals are measured only between events with successive sequences", "[tool]") {
  Intervals i;
  i.add(1, Time{0ms});
  i.add(2, Time{10ms});
  i.add(3, Time{30ms});
  i.add(10, Time{900ms});  // the events between were lost
  i.add(11, Time{930ms});
  CHECK(i.events() == 5);
  CHECK(i.count() == 3);
  CHECK(i.mean() == Approx(20e6));
  CHECK(i.least() == Approx(10e6));
  CHECK(i.most() == Approx(30e6));
  CHECK(i.deviation() == Approx(8.16497e6));
  i.clear();
  i.add(12, Time{940ms});
  CHECK(i.count() == 1);
  CHECK(i.mean() == Approx(10e6));
}

TEST_CASE("a table's columns are as wide as their cells need, and an empty table gives no text", "[tool]") {
  Table table{{{"NAME", Table::Align::left}, {"N"}, {"LAST", Table::Align::left}}};
  CHECK(table.text() == "");
  table.add({"a", "1000", ""});
  table.add({"longer", "1", "x"});
  CHECK(table.text() == "NAME       N  LAST\na       1000\nlonger     1  x\n");
}

TEST_CASE("durations have three digits and a unit, and from a minute on two units", "[tool]") {
  CHECK(duration_text(0ns) == "0 ns");
  CHECK(duration_text(850ns) == "850 ns");
  CHECK(duration_text(1234ns) == "1.23 us");
  CHECK(duration_text(12'345ns) == "12.3 us");
  CHECK(duration_text(123'456ns) == "123 us");
  CHECK(duration_text(999'999ns) == "1.00 ms");
  CHECK(duration_text(1500ms) == "1.50 s");
  CHECK(duration_text(59'940ms) == "59.9 s");
  CHECK(duration_text(59'960ms) == "1m00s");
  CHECK(duration_text(136s) == "2m16s");
  CHECK(duration_text(59min + 59s) == "59m59s");
  CHECK(duration_text(3h + 5min + 59s) == "3h05m");
  CHECK(duration_text(24h) == "1d00h");
  CHECK(duration_text(12 * 24h + 7h + 30min) == "12d07h");
  CHECK(counted(1, "event") == "1 event");
  CHECK(counted(0, "event") == "0 events");
}

TEST_CASE("RemoveIPC has the value of the last file that sets it, and is yes by default", "[tool]") {
  CHECK(removes_ipc(Texts{}));
  CHECK(removes_ipc(Texts{"[Login]\n#RemoveIPC=no\n"}));
  CHECK_FALSE(removes_ipc(Texts{"[Login]\nRemoveIPC=no\n"}));
  CHECK_FALSE(removes_ipc(Texts{"[Login]\nRemoveIPC=yes\n", "[Login]\n RemoveIPC = no \n"}));
  CHECK(removes_ipc(Texts{"[Login]\nRemoveIPC=no\n", "[Login]\nKillUserProcesses=no\nRemoveIPC=yes"}));
}
