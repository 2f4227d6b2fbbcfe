#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "bus_view.hpp"
#include "shmbus/call_snapshot.hpp"
#include "shmbus/snapshot.hpp"
#include "trace.hpp"
#include "trace_ids.hpp"

namespace shmbus::tracing {

/// How much a TraceSet holds at one time. What comes beyond it drops the event or call that came first.
struct TraceLimits {
  std::size_t events = 1'000'000;
  std::size_t calls = 1'000'000;
};

/// The flight recorder of a subscription, without its calls.
struct RecorderHead {
  std::uint64_t subscription = 0;
  std::string name, pattern;
  Time started{};
  Time oldest{};  ///< begin of the oldest call that it holds
  std::uint64_t overwritten = 0;
  std::string problem;
};

/// Collects events and handler calls, in any order, and puts them together to traces. What it is given may come from
/// damaged memory: ids that collide and causes that form a circle make odd traces, and nothing worse.
class TraceSet {
 public:
  explicit TraceSet(TraceLimits limits = {}) : limits_(limits) {}

  /// What names topics and publishers of the events that are added next, and says why others are missing. A later one
  /// replaces it.
  void set_bus(const BusSnapshot& bus) { bus_ = BusView{bus}; }

  /// An event that was added before, or taken with its trace, is ignored.
  void add(const EventSnapshot& event);

  /// All flight recorders of the bus by now. Calls that were added before and ran then are brought up to date; calls
  /// that were taken with their trace are ignored.
  void set_recorders(const std::vector<RecorderSnapshot>& recorders);

  bool contains(const EventId& event) const { return events_.contains(event); }
  bool has_call_of(const EventId& event) const { return called_.contains(event); }
  std::size_t events() const noexcept { return events_.size(); }
  std::size_t calls() const noexcept { return calls_.size(); }

  /// All traces, by their begin.
  std::vector<Trace> traces() const;

  /// Removes and returns the traces of which nothing happened since `before` and no handler runs any more. What comes
  /// later of one of them, for example a call of a subscriber that was far behind, makes a trace of its own; it has the
  /// same id.
  std::vector<Trace> take_settled(Time before);

  std::uint64_t dropped_events() const noexcept { return dropped_events_; }  ///< beyond the limits
  std::uint64_t dropped_calls() const noexcept { return dropped_calls_; }
  std::uint64_t conflicting_calls() const noexcept { return conflicting_calls_; }  ///< had the id of another call

 private:
  friend class TraceBuilder;
  void add(const RecorderSnapshot& recorder, const CallSnapshot& call, std::unordered_set<CallId, BytesHash<8>>& held);
  void make_room();

  TraceLimits limits_;
  BusView bus_;
  std::unordered_map<EventId, TracedEvent, EventIdHash> events_;
  std::deque<EventId> event_order_;  // as they came; those that are gone included
  std::unordered_map<CallId, TracedCall, BytesHash<8>> calls_;
  std::deque<CallId> call_order_;
  std::unordered_map<EventId, std::size_t, EventIdHash> called_;  // how many calls each has
  std::vector<RecorderHead> recorders_;
  std::unordered_map<EventId, TraceId, EventIdHash> taken_events_;
  std::deque<EventId> taken_order_;
  std::unordered_set<CallId, BytesHash<8>> taken_calls_;  // of those that recorders still hold
  std::uint64_t dropped_events_ = 0;
  std::uint64_t dropped_calls_ = 0;
  std::uint64_t conflicting_calls_ = 0;
};

}  // namespace shmbus::tracing
