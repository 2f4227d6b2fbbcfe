// Events and handler calls become traces.

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>

#include "tool_trace_fixture.hpp"
#include "trace.hpp"

using namespace shmbus;
using namespace shmbus::tracing;
using test::TracedBus;

namespace {

/// Each node's depth, name and note, a line each.
std::string outline(const Trace& trace) {
  std::string text;
  for (const Node& node : trace.nodes) {
    text.append(node.depth, '.');
    if (node.kind == Node::Kind::event) {
      const TracedEvent& event = trace.events[node.index];
      text += fmt::format("{}#{}", event.topic, event.id.sequence);
      if (!event.missing.empty()) text += '?';
    } else {
      text += trace.calls[node.index].subscriber;
    }
    if (!node.note.empty()) text += " (" + node.note + ")";
    text += '\n';
  }
  return text;
}

}  // namespace

TEST_CASE("a trace is a tree of events and calls, siblings by time", "[trace]") {
  const auto traces = test::watch().traces();
  REQUIRE(traces.size() == 1);
  CHECK(outline(traces[0]) ==
        "video.watch_started#50612\n"
        ".user-service\n"
        "..user.preferences_updated#9120\n"
        "...ranking-service\n"
        ".ml-service\n"
        "..recommendation.updated#7\n"
        ".badge-service\n");
  CHECK(traces[0].partial.empty());
  CHECK(traces[0].began == TracedBus::at(0));
  CHECK(traces[0].ended == TracedBus::at(37003));
  CHECK(has_failed_call(traces[0]));
  CHECK(has_dead_call(traces[0]));
  CHECK_FALSE(has_running_call(traces[0]));
  CHECK(traces[0].id == TraceContext::trace_id_of(traces[0].events[0].id));
}

TEST_CASE("the order in which events and recorders are added changes nothing", "[trace]") {
  TracedBus bus = test::watch();
  const std::string expected = outline(bus.traces().at(0));
  std::mt19937 random{7};
  for (int i = 0; i < 20; ++i) {
    std::shuffle(bus.events.begin(), bus.events.end(), random);
    std::shuffle(bus.recorders.begin(), bus.recorders.end(), random);
    const auto traces = bus.traces();
    REQUIRE(traces.size() == 1);
    CHECK(outline(traces[0]) == expected);
  }
}

TEST_CASE("events without causes are traces of their own, by time", "[trace]") {
  TracedBus bus;
  bus.event("a", 2, 20);
  bus.event("a", 1, 10);
  const auto traces = bus.traces();
  REQUIRE(traces.size() == 2);
  CHECK(outline(traces[0]) == "a#1\n");
  CHECK(outline(traces[1]) == "a#2\n");
  CHECK(traces[0].id != traces[1].id);
}

TEST_CASE("an event whose call no recorder has hangs below the event that caused it", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 0);
  bus.child("b", 1, 10, bus.id("a", 1), TracedBus::call_id(99));
  const auto traces = bus.traces();
  REQUIRE(traces.size() == 1);
  CHECK(outline(traces[0]) == "a#1\n.b#1 (call not recorded)\n");
}

TEST_CASE("an event that the ring no longer has is named, with the reason", "[trace]") {
  TracedBus bus;
  bus.topic("a", 50, 60);
  const EventId gone = bus.id("a", 3);
  bus.call("service", gone, 5, 9);
  bus.child("b", 1, 7, gone, TracedBus::call_id(1));
  const auto traces = bus.traces();
  REQUIRE(traces.size() == 1);
  CHECK(outline(traces[0]) == "a#3?\n.service\n..b#1\n");
  CHECK(traces[0].partial == std::vector<std::string>{"a #3: it left the ring; the oldest retained is #50"});
  CHECK(traces[0].id == TraceContext::trace_id_of(gone));
}

TEST_CASE("the trace id of an event that was not read is that of the events it led to", "[trace]") {
  TracedBus bus;
  bus.topic("a", 50, 60);
  const EventId gone = bus.id("a", 3);
  auto& child = bus.child("b", 1, 7, gone, TracedBus::call_id(1));
  child.trace->trace_id.fill(std::byte{0x42});
  const TraceId id = child.trace->trace_id;
  SECTION("by its call") { bus.call("service", gone, 5, 9); }
  SECTION("by its cause alone") {}
  const auto traces = bus.traces();
  REQUIRE(traces.size() == 1);
  CHECK(traces[0].id == id);
}

TEST_CASE("each reason why an event is missing has its words", "[trace]") {
  TracedBus bus;
  bus.topic("a", 50, 60);
  bus.topic("empty", 0, 9);
  bus.topic("closed");
  bus.snapshot.topics.back().problem = "topic 'closed': no right to read its log";
  const auto words = [&](const EventId& cause) {
    TracedBus one = bus;
    one.child("b", 1, 7, cause, TracedBus::call_id(1));
    return one.traces().at(0).partial.at(0);
  };
  CHECK_THAT(words({1, bus.topic("a"), 55}), Catch::Contains("it is of another bus than 'streaming'"));
  CHECK_THAT(words({TracedBus::incarnation, 1, 55}), Catch::Contains("its topic is not on bus 'streaming' any more"));
  CHECK_THAT(words(bus.id("a", 55)), Catch::EndsWith("it was aborted, or not read"));
  CHECK_THAT(words(bus.id("a", 61)), Catch::EndsWith("no such event was published"));
  CHECK_THAT(words(bus.id("empty", 1)), Catch::EndsWith("it left the ring; none is retained"));
  CHECK_THAT(words(bus.id("closed", 1)), Catch::EndsWith("no right to read its log"));
}

TEST_CASE("events that share a trace from outside are roots of one trace", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 0).trace = bus.foreign(5);
  bus.event("b", 1, 1).trace = bus.foreign(5);
  bus.event("c", 1, 2).trace = bus.foreign(6);
  const auto traces = bus.traces();
  REQUIRE(traces.size() == 2);
  CHECK(outline(traces[0]) ==
        "a#1 (continues span 0505050505050505 from outside of the bus)\n"
        "b#1 (continues span 0505050505050505 from outside of the bus)\n");
  CHECK(traces[0].id == bus.foreign(5).trace_id);
}

TEST_CASE("an event with another trace of its publisher's stays below the event that caused it", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 0);
  bus.call("service", bus.id("a", 1), 1, 5);
  bus.child("b", 1, 2, bus.id("a", 1), TracedBus::call_id(1)).trace = bus.foreign(5);
  const auto traces = bus.traces();
  REQUIRE(traces.size() == 1);
  CHECK(outline(traces[0]) == "a#1\n.service\n.b#1 (its publisher gave it another trace)\n");
}

TEST_CASE("overwritten calls are named where they could be of the trace", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 0);
  bus.event("a", 2, 10);
  bus.call("service", bus.id("a", 2), 11, 12);
  bus.recorder("service").overwritten = 5;
  bus.recorder("service").pattern = GENERATE("a", "b", "*.\x01>");
  const bool matches = bus.recorder("service").pattern == "a";
  const auto traces = bus.traces();
  REQUIRE(traces.size() == 2);
  if (matches)
    CHECK(traces[0].partial == std::vector<std::string>{"older calls of service are overwritten; it may have handled a #1, too"});
  else
    CHECK(traces[0].partial.empty());
  CHECK(traces[1].partial.empty());
}

TEST_CASE("a topic without time stamps is named, and its events stand where their calls do", "[trace]") {
  TracedBus bus;
  bus.topic("a");
  bus.snapshot.topics[0].info.timestamps = false;
  bus.event("a", 1, 0).time = Time{};
  bus.call("service", bus.id("a", 1), 5, 9);
  const auto traces = bus.traces();
  REQUIRE(traces.size() == 1);
  CHECK(traces[0].partial == std::vector<std::string>{"topic a has no time stamps"});
  CHECK(traces[0].events[0].near == TracedBus::at(5));
  CHECK(traces[0].began == TracedBus::at(5));
}

TEST_CASE("causes that form a circle are shown once each, and said to be one", "[trace]") {
  TracedBus bus;
  bus.child("a", 1, 0, bus.id("c", 1), TracedBus::call_id(1));
  bus.child("b", 1, 1, bus.id("a", 1), TracedBus::call_id(2));
  bus.child("c", 1, 2, bus.id("b", 1), TracedBus::call_id(3));
  bus.child("d", 1, 3, bus.id("d", 1), TracedBus::call_id(4));
  const auto traces = bus.traces();
  REQUIRE(traces.size() == 2);
  CHECK(traces[0].nodes.size() == 3);
  CHECK_THAT(outline(traces[0]), Catch::Contains("a#1 (its causes form a circle; shown from here)\n.b#1"));
  CHECK(outline(traces[1]) == "d#1 (its causes form a circle; shown from here)\n");
}

TEST_CASE("a call that is in the circle that it handles is placed once", "[trace]") {
  TracedBus bus;
  bus.call("service", bus.id("a", 1), 1, 2);
  bus.child("a", 1, 0, bus.id("a", 1), TracedBus::call_id(1));
  const auto traces = bus.traces();
  REQUIRE(traces.size() == 1);
  CHECK(traces[0].nodes.size() == 2);
}

TEST_CASE("random ids and times come to an end, each event and call once", "[trace]") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  for (int round = 0; round < 50; ++round) {
    TracedBus bus;
    const auto few = [&] { return 1 + random() % 12; };
    const auto any_time = [&] { return Time{std::chrono::nanoseconds{static_cast<std::int64_t>(random())}}; };
    for (int i = 0; i < 60; ++i) {
      EventSnapshot& event = bus.event(std::string(1, static_cast<char>('a' + random() % 4)), few(), 0);
      event.time = random() % 4 == 0 ? Time{} : any_time();
      if (random() % 2 == 0) event.cause = bus.id(std::string(1, static_cast<char>('a' + random() % 4)), few());
      if (random() % 2 == 0) event.trace = bus.foreign(static_cast<std::uint8_t>(random() % 4));
      if (event.trace) event.trace->parent_id = TracedBus::call_id(few());
      if (random() % 9 == 0) event.topic = "\xff\x1b[2J";
      CallSnapshot& call = bus.call("s" + std::to_string(random() % 3), bus.id("a", few()), 0, std::nullopt);
      call.id = TracedBus::call_id(few());
      call.began = any_time();
      if (random() % 2 == 0) call.ended = any_time();
      call.outcome = static_cast<CallOutcome>(random() % 6);
    }
    std::set<std::string> events;
    for (const auto& event : bus.events) events.insert(event.id.to_string());
    std::set<std::string> shown;
    for (const Trace& trace : bus.traces()) {
      for (const TracedEvent& event : trace.events) {
        CHECK(shown.insert(event.id.to_string()).second);
        if (event.missing.empty()) events.erase(event.id.to_string());
      }
      CHECK(trace.nodes.size() == trace.events.size() + trace.calls.size());
    }
    CHECK(events.empty());
  }
}

TEST_CASE("a chain of a hundred thousand events is one trace", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 0);
  for (std::uint64_t i = 2; i <= 100'000; ++i) {
    EventSnapshot& event = bus.event("a", i, static_cast<double>(i));
    event.cause = bus.id("a", i - 1);
  }
  const auto traces = bus.traces();
  REQUIRE(traces.size() == 1);
  CHECK(traces[0].nodes.back().depth == 99'999);
}

TEST_CASE("beyond its limits a set drops what came first, and counts it", "[trace]") {
  TracedBus bus;
  for (std::uint64_t i = 1; i <= 10; ++i) {
    bus.event("a", i, static_cast<double>(i));
    bus.call("service", bus.id("a", i), static_cast<double>(i), static_cast<double>(i));
  }
  const TraceSet set = bus.set({.events = 4, .calls = 3});
  CHECK(set.events() == 4);
  CHECK(set.calls() == 3);
  CHECK(set.dropped_events() == 6);
  CHECK(set.dropped_calls() == 7);
  CHECK(set.contains(bus.id("a", 7)));
  CHECK_FALSE(set.contains(bus.id("a", 6)));
  CHECK(set.has_call_of(bus.id("a", 8)));
  CHECK_FALSE(set.has_call_of(bus.id("a", 7)));
}

TEST_CASE("a call that ran is brought up to date, and one with the id of another is counted", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 0);
  bus.call("service", bus.id("a", 1), 1, std::nullopt);
  TraceSet set = bus.set();
  CHECK(has_running_call(set.traces().at(0)));
  auto& call = bus.recorder("service").calls[0];
  call.ended = TracedBus::at(9);
  call.outcome = CallOutcome::ok;
  set.set_recorders(bus.recorders);
  CHECK_FALSE(has_running_call(set.traces().at(0)));
  CHECK(set.traces().at(0).ended == TracedBus::at(9));
  CHECK(set.conflicting_calls() == 0);
  bus.call("other", bus.id("a", 1), 3, 4).id = TracedBus::call_id(1);
  set.set_recorders(bus.recorders);
  CHECK(set.conflicting_calls() == 1);
  CHECK(set.calls() == 1);
}

TEST_CASE("settled traces are taken once, although recorders still hold their calls", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 0);
  bus.call("service", bus.id("a", 1), 1, 5);
  bus.event("b", 1, 0);
  bus.call("service", bus.id("b", 1), 2, std::nullopt);
  bus.event("c", 1, 100);
  TraceSet set = bus.set();
  const auto taken = set.take_settled(TracedBus::at(50));
  REQUIRE(taken.size() == 1);
  CHECK(outline(taken[0]) == "a#1\n.service\n");
  CHECK(set.events() == 2);
  for (const auto& event : bus.events) set.add(event);
  for (int i = 0; i < 3; ++i) set.set_recorders(bus.recorders);
  CHECK(set.events() == 2);
  CHECK(set.calls() == 1);
  CHECK(set.take_settled(TracedBus::at(50)).empty());
}

TEST_CASE("what comes late of a trace that was taken keeps its id, and is not called partial", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 0).trace = bus.foreign(5);
  TraceSet set = bus.set();
  CHECK(set.take_settled(TracedBus::at(50)).size() == 1);
  bus.call("late", bus.id("a", 1), 60, 70);
  set.set_recorders(bus.recorders);
  const auto traces = set.traces();
  REQUIRE(traces.size() == 1);
  CHECK(traces[0].id == bus.foreign(5).trace_id);
  CHECK(traces[0].partial.empty());
  CHECK(traces[0].events.at(0).taken_before);
}

TEST_CASE("the publisher is the process of the publishing call, or the port's holder where it was there by then",
          "[trace]") {
  TracedBus bus = test::watch();
  auto traces = bus.traces();
  CHECK(traces.at(0).events.at(0).publisher == Process{"video-service", 812, 1});
  CHECK(traces.at(0).events.at(1).publisher.program == "user-service");
  bus.snapshot.nodes[0].started = TracedBus::at(1);
  CHECK_FALSE(bus.traces().at(0).events.at(0).publisher.known());
}

TEST_CASE("differences of damaged times stay in range", "[trace]") {
  CHECK(time_between(Time::min(), Time::max()) == std::chrono::nanoseconds::max());
  CHECK(time_between(Time::max(), Time::min()) == std::chrono::nanoseconds::min());
  CHECK(time_between(TracedBus::at(1), TracedBus::at(3)) == std::chrono::microseconds{2});
}
