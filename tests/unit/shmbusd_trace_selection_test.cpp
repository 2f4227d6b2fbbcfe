// Which traces shmbusd sends to a collector.

#include "shmbusd/trace_selection.hpp"

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstring>
#include <random>

#include "shmbusd/trace_counts.hpp"
#include "tool_trace_fixture.hpp"

using namespace std::chrono_literals;
using shmbus::daemon::in_sample;
using shmbus::daemon::SelectReason;
using shmbus::daemon::TraceSelection;
using shmbus::daemon::TraceSettings;
using shmbus::tracing::Trace;
using shmbus::tracing::TraceId;
using test::TracedBus;

namespace {

/// No rule at all, to begin with.
constexpr TraceSettings nothing{.slower_than = 0ns, .failed = false, .sampled = false, .sample = 0};

TraceSelection selection(const TraceSettings& rules) {
  TraceSelection selection;
  selection.set(rules);
  return selection;
}

Trace only(const TracedBus& bus) {
  auto traces = bus.traces();
  REQUIRE(traces.size() == 1);
  return traces[0];
}

/// One event and the call of a handler.
TracedBus handled(double microseconds) {
  TracedBus bus;
  bus.event("t", 1, 0);
  bus.call("reader", bus.id("t", 1), 1, microseconds);
  return bus;
}

TraceId id_of(std::uint64_t last) {
  TraceId id{};
  id[0] = std::byte{1};
  for (std::size_t i = 0; i < sizeof last; ++i) id[15 - i] = static_cast<std::byte>(last >> 8 * i);
  return id;
}

}  // namespace

TEST_CASE("a trace with a handler that threw or ended its thread is selected", "[shmbusd]") {
  for (const auto outcome : {shmbus::CallOutcome::threw, shmbus::CallOutcome::ended_thread}) {
    TracedBus bus = handled(2);
    bus.recorders[0].calls[0].outcome = outcome;
    TraceSettings rules = nothing;
    CHECK(selection(rules).select(only(bus)) == std::nullopt);
    rules.failed = true;
    CHECK(selection(rules).select(only(bus)) == SelectReason::failed);
  }
}

TEST_CASE("a trace with a process that died inside a handler is selected", "[shmbusd]") {
  TracedBus bus;
  bus.event("t", 1, 0);
  bus.call("reader", bus.id("t", 1), 1, std::nullopt);
  bus.recorders[0].died = true;
  TraceSettings rules = nothing;
  CHECK(selection(rules).select(only(bus)) == std::nullopt);
  rules.failed = true;
  CHECK(selection(rules).select(only(bus)) == SelectReason::failed);
}

TEST_CASE("a trace is selected that lasted longer than slower_than, and not one that lasted just as long", "[shmbusd]") {
  TraceSettings rules = nothing;
  rules.slower_than = 50ms;
  CHECK(selection(rules).select(only(handled(50'000))) == std::nullopt);
  CHECK(selection(rules).select(only(handled(50'001))) == SelectReason::slow);
  rules.slower_than = 0ns;
  CHECK(selection(rules).select(only(handled(3'600e6))) == std::nullopt);
}

TEST_CASE("a trace from outside is selected by its flag; the flag of one that shmbus began says nothing", "[shmbusd]") {
  TraceSettings rules = nothing;
  rules.sampled = true;
  TracedBus outside;
  outside.event("t", 1, 0).trace = outside.foreign(7);
  CHECK(selection(rules).select(only(outside)) == SelectReason::sampled);
  CHECK(selection(nothing).select(only(outside)) == std::nullopt);
  outside.events[0].trace->flags = 0;
  CHECK(selection(rules).select(only(outside)) == std::nullopt);

  TracedBus own = handled(2);
  own.child("u", 1, 1.5, own.id("t", 1), own.recorders[0].calls[0].id).trace->flags = shmbus::TraceContext::kSampled;
  CHECK(selection(rules).select(only(own)) == std::nullopt);
}

TEST_CASE("of several reasons the first one is counted", "[shmbusd]") {
  TracedBus bus = handled(1e6);
  bus.recorders[0].calls[0].outcome = shmbus::CallOutcome::threw;
  TraceSettings rules{.slower_than = 1ms, .sample = 1};
  CHECK(selection(rules).select(only(bus)) == SelectReason::failed);
  rules.failed = false;
  CHECK(selection(rules).select(only(bus)) == SelectReason::slow);
  rules.slower_than = 0ns;
  CHECK(selection(rules).select(only(bus)) == SelectReason::sample);
}

TEST_CASE("the sample depends on the trace id alone, holds its share, and a larger one includes it", "[shmbusd]") {
  std::mt19937_64 random{Catch::rngSeed()};
  constexpr int count = 100'000;
  int hundredth = 0, half = 0;
  bool nested = true;
  for (int i = 0; i < count; ++i) {
    const TraceId id = id_of(random());
    if (in_sample(id, 0.01)) ++hundredth;
    if (in_sample(id, 0.5)) ++half;
    nested = nested && (!in_sample(id, 0.01) || in_sample(id, 0.5));
  }
  CHECK(nested);
  CHECK(hundredth > count / 100 * 0.8);  // more than six standard deviations off
  CHECK(hundredth < count / 100 * 1.2);
  CHECK(half > count / 2 * 0.98);
  CHECK(half < count / 2 * 1.02);
}

TEST_CASE("the sample is that of OpenTelemetry: the last 56 bits of the id at or above a threshold", "[shmbusd]") {
  // The threshold of one half is 80000000000000.
  CHECK(in_sample(id_of(0x00'8000'0000'0000'00), 0.5));
  CHECK(in_sample(id_of(0x00'ffff'ffff'ffff'ff), 0.5));
  CHECK_FALSE(in_sample(id_of(0x00'7fff'ffff'ffff'ff), 0.5));
  CHECK_FALSE(in_sample(id_of(0xff'7fff'ffff'ffff'ff), 0.5));  // the byte before does not count
  CHECK_FALSE(in_sample(id_of(0xff'ffff'ffff'ffff'ff), 0));
  CHECK(in_sample(id_of(0), 1));
}

TEST_CASE("the ids that shmbus makes are sampled evenly", "[shmbusd]") {
  int chosen = 0;
  for (std::uint64_t sequence = 1; sequence <= 100'000; ++sequence)
    chosen += in_sample(shmbus::TraceContext::trace_id_of({0x1234, 0x5678, sequence}), 0.01) ? 1 : 0;
  CHECK(chosen > 800);
  CHECK(chosen < 1200);
}

TEST_CASE("what comes later of a selected trace is selected too, for as long as it is remembered", "[shmbusd]") {
  TraceSettings rules = nothing;
  rules.slower_than = 1ms;
  TraceSelection choice = selection(rules);
  const Trace slow = only(handled(2000));
  Trace later = only(handled(2));
  later.id = slow.id;
  CHECK(choice.select(later) == std::nullopt);
  CHECK(choice.select(slow) == SelectReason::slow);
  CHECK(choice.select(later) == SelectReason::rest);
  Trace other = slow;
  for (std::uint64_t i = 0; i < TraceSelection::remembered; ++i) {
    CHECK(choice.select(later) == SelectReason::rest);
    other.id = id_of(i);
    choice.select(other);
  }
  CHECK(choice.select(later) == std::nullopt);
}
