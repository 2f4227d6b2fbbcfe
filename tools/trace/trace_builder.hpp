#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "trace.hpp"
#include "trace_set.hpp"

namespace shmbus::tracing {

/// Puts the events and calls of a TraceSet together. Nothing in it is recursive, and each event and call is placed
/// once, so that causes of any shape come to an end.
class TraceBuilder {
 public:
  explicit TraceBuilder(const TraceSet& set) : set_(set) {}

  /// All traces, by their begin. To be called once.
  std::vector<Trace> build();

 private:
  static constexpr std::size_t none = Node::none;

  // Events and calls together are items: item i is events_[i], or the call calls_[i - events_.size()].
  bool is_event(std::size_t item) const noexcept { return item < events_.size(); }
  const TracedCall& call(std::size_t item) const { return *calls_[item - events_.size()]; }
  Time time_of(std::size_t item) const { return is_event(item) ? events_[item].near : call(item).began; }
  bool comes_before(std::size_t a, std::size_t b) const;
  std::size_t items() const noexcept { return events_.size() + calls_.size(); }

  void collect();
  void add_missing(const EventId& id, const std::string& topic);
  void find_parents();
  void name_missing_traces();
  void note_places();
  void find_times();
  void group();
  void sort_children();

  Trace build_trace(const std::vector<std::size_t>& members);
  void place_below(Trace& trace, std::size_t root, std::string note);
  void add_node(Trace& trace, std::size_t item, std::size_t parent, std::string note);
  void note_partial(Trace& trace);
  void note_overwritten(Trace& trace);
  const std::vector<const RecorderHead*>& overwritten_recorders(const TracedEvent& event);

  std::size_t representative(std::size_t item);
  void unite(std::size_t a, std::size_t b) { same_[representative(a)] = representative(b); }

  const TraceSet& set_;
  std::vector<TracedEvent> events_;
  std::vector<const TracedCall*> calls_;
  std::unordered_map<EventId, std::size_t, EventIdHash> by_id_;
  std::vector<std::size_t> parents_;       // of each item; none: a root
  std::vector<std::string> notes_;         // of each event, on its place
  std::vector<std::size_t> same_;          // a forest: items below one root are of one trace
  std::vector<std::size_t> order_;         // all items, by time
  std::vector<std::size_t> first_child_;   // of item i: children_[first_child_[i]] up to first_child_[i + 1]
  std::vector<std::size_t> children_;
  std::vector<bool> placed_;
  std::unordered_map<std::string, std::vector<const RecorderHead*>> overwritten_;  // by topic
};

}  // namespace shmbus::tracing
