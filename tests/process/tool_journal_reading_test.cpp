// shmbus tail, replay and trace read over the whole of a journaled topic.

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "journal_fixture.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/child_process.hpp"

using shmbus::Event;
using shmbus::Inspector;
using shmbus::Journal;
using shmbus::Start;
using test::Finished;
using test::ForkedProcess;
using test::JournaledBus;
using test::Parent;

namespace {

const shmbus::TopicOptions small{
    .block_size = 4096, .blocks = 4, .journal = Journal::page_cache(), .segment_file = 1 << 20};
constexpr std::uint64_t events = 1000;

Finished run(const JournaledBus& home, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {SHMBUS_TOOL, "--bus", home.name()});
  return test::run(arguments);
}

/// "event 5", ..., one a line.
std::string texts(std::uint64_t first, std::uint64_t last) {
  std::string all;
  for (std::uint64_t n = first; n <= last; ++n) all += "event " + std::to_string(n) + "\n";
  return all;
}

void publish_to(shmbus::Publisher& publisher, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t n = first; n <= last; ++n)
    test::require(bool(publisher.publish("event " + std::to_string(n))), "an event was not published");
}

std::uint64_t oldest_in_ring(const JournaledBus& home, const std::string& topic) {
  for (const auto& t : Inspector(home.name()).snapshot().topics) {
    if (t.info.name == topic) return t.oldest;
  }
  return 0;
}

void wait_until_recorded(const JournaledBus& home, const std::string& topic, std::uint64_t sequence) {
  test::wait_until("the events to be recorded", [&] { return home.journal(topic).recorded >= sequence; });
}

/// Publishes `cause` #1, and from its handler `effect` #1, then drives both out of their rings. Returns the first id.
shmbus::EventId publish_chain(shmbus::Bus& bus, const JournaledBus& home) {
  shmbus::Publisher cause = bus.publisher("cause", small), effect = bus.publisher("effect", small);
  {
    const auto subscription = bus.subscribe("cause", [&](const Event&) { effect.publish("effect 1"); });
    test::require(bool(cause.publish("cause 1")), "an event was not published");
    test::wait_until("the handler to publish", [&] { return !Inspector(home.name()).events("effect", 1).empty(); });
  }
  const shmbus::EventId id = Inspector(home.name()).events("cause", 1).front().id;
  publish_to(cause, 2, events);
  publish_to(effect, 2, events);
  wait_until_recorded(home, "cause", events);
  wait_until_recorded(home, "effect", events);
  return id;
}

/// The events of a trace's tree, each as topic#sequence, those that it led to behind it.
void add_events(const nlohmann::json& node, std::vector<std::string>& found) {
  if (node.contains("event"))
    found.push_back(node.at("topic").get<std::string>() + "#" +
                    std::to_string(node.at("sequence").get<std::uint64_t>()));
  for (const auto& child : node.at("children")) add_events(child, found);
}

/// Whether a trace holds exactly the events `cause` #1 and, caused by it, `effect` #1.
void check_chain(const Finished& traced) {
  CAPTURE(traced.out, traced.err);
  REQUIRE(traced.end == test::End{});
  const auto trace = nlohmann::json::parse(traced.out);
  REQUIRE(trace.at("roots").size() == 1);
  std::vector<std::string> found;
  add_events(trace.at("roots").at(0), found);
  CHECK(found == std::vector<std::string>{"cause#1", "effect#1"});
  CHECK(trace.at("partial").empty());
  CHECK_THAT(traced.out, !Catch::Contains("another trace"));
}

}  // namespace

TEST_CASE("tail reaches back into the journal", "[tool][journal]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  shmbus::Publisher publisher = bus.publisher("t", small);
  publish_to(publisher, 1, events);
  wait_until_recorded(home, "t", events);
  const std::uint64_t border = oldest_in_ring(home, "t");
  REQUIRE(border > 100);
  for (const std::uint64_t first : {std::uint64_t{1}, border - 50, border, events}) {
    const Finished tail = run(home, {"tail", "t", "-n", std::to_string(events - first + 1)});
    CHECK(tail.end == test::End{});
    CHECK(tail.out == texts(first, events));
    CHECK(tail.err.empty());
  }
  CHECK(Inspector(home.name()).snapshot().subscriptions.empty());
}

TEST_CASE("replay takes topics with their journals, from a sequence or a time on", "[tool][journal]") {
  const JournaledBus home;
  const test::TemporaryBus other;
  shmbus::Bus bus = home.open();
  shmbus::Publisher publisher = bus.publisher("t", small);
  publish_to(publisher, 1, events);
  wait_until_recorded(home, "t", events);
  REQUIRE(oldest_in_ring(home, "t") > 100);
  CHECK(run(home, {"replay", "t", "--quick"}).out == texts(1, events));
  CHECK(run(home, {"replay", "t", "--quick", "--from", "seq:17"}).out == texts(17, events));
  CHECK(run(home, {"replay", ">", "--quick", "--from", "last:500", "--count", "20"}).out == texts(501, 520));
  CHECK(run(home, {"replay", "t", "--quick", "--from", "time:-1h"}).out == texts(1, events));
  const Finished replayed =
      run(home, {"replay", ">", "--quick", "--from", "seq:3", "--into", other.name(), "--count", "40"});
  CHECK(replayed.end == test::End{});
  CHECK(replayed.err.empty());
  std::string published;
  for (const auto& event : Inspector(other.name()).events("t", 100))
    published.append(reinterpret_cast<const char*>(event.payload.data()), event.payload.size()).append("\n");
  CHECK(published == texts(3, 42));
  CHECK_FALSE(Inspector(other.name()).snapshot().topics.at(0).journal.has_value());
}

TEST_CASE("trace finds events that have left the ring in the journals, and what caused them",
          "[tool][trace][journal]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  const shmbus::EventId cause = publish_chain(bus, home);
  REQUIRE(oldest_in_ring(home, "cause") > 1);
  REQUIRE(oldest_in_ring(home, "effect") > 1);
  check_chain(run(home, {"trace", "cause#1", "--json"}));
  check_chain(run(home, {"trace", "effect#1", "--json"}));
  check_chain(run(home, {"trace", cause.to_string(), "--json"}));
  // Without a time, what is searched among all are the rings.
  const Finished failed = run(home, {"trace", "--failed"});
  CHECK_THAT(failed.err, Catch::Contains("no such trace"));
  CHECK_THAT(failed.err, !Catch::Contains("looked at 2,000 events") && !Catch::Contains("looked at 2000 events"));
  const Finished recently = run(home, {"trace", "--failed", "--since", "1h"});
  CHECK_THAT(recently.err, Catch::Contains("looked at 2,000 events") || Catch::Contains("looked at 2000 events"));
}

TEST_CASE("after the machine's end tail and trace find what was recorded before", "[tool][trace][journal]") {
  const JournaledBus home;
  shmbus::EventId cause{};
  {
    ForkedProcess process{[&](const Parent& parent) {
      shmbus::Bus bus = home.open();
      cause = publish_chain(bus, home);
      parent.say(cause.bus);
      parent.say(cause.topic);
      parent.hear();
    }};
    cause.bus = process.hear();
    cause.topic = process.hear();
    cause.sequence = 1;
    process.kill();
    process.wait();
  }
  home.reboot();
  shmbus::Bus bus = home.open();
  REQUIRE(Inspector(home.name()).snapshot().incarnation != cause.bus);
  check_chain(run(home, {"trace", "effect#1", "--json"}));
  check_chain(run(home, {"trace", cause.to_string(), "--json"}));
  const auto trace = nlohmann::json::parse(run(home, {"trace", "effect#1", "--json"}).out);
  check_chain(run(home, {"trace", trace.at("trace").get<std::string>(), "--json"}));
  const Finished newest = run(home, {"trace", "--last", "cause", "--json"});
  CHECK(newest.end == test::End{});
  const Finished tail = run(home, {"tail", "cause", "-n", "3"});
  CHECK(tail.end == test::End{});
  CHECK(tail.out == texts(events - 2, events));
}
