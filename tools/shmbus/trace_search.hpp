#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "shmbus/inspector.hpp"
#include "trace.hpp"
#include "trace_ids.hpp"
#include "trace_set.hpp"
#include "trace_subject.hpp"

namespace shmbus::tool {

/// Which traces to look for.
struct TraceQuery {
  std::optional<TraceSubject> subject;  ///< one event or trace; the others are not used then
  std::string last;                     ///< the trace of this topic's newest event; empty: none, and then:
  bool failed = false, dead = false;    ///< traces in which a handler failed, or a process died in one; both: either
  std::optional<std::chrono::nanoseconds> since;  ///< of which anything happened so long ago or later
  std::optional<std::uint64_t> slowest;           ///< so many of them, those that took longest
};

/// Looks for traces in what a bus retains, its journals included: events by an EventReader, calls by flight recorders. It
/// disturbs nothing.
class TraceSearch {
 public:
  /// Throws Error as Inspector does.
  explicit TraceSearch(const std::string& bus);

  /// By begin, or where `slowest` is asked for, the slowest first. Throws Error, `not_found`, where there is no such
  /// event, trace or topic.
  std::vector<tracing::Trace> find(const TraceQuery& query);

  Time now() const noexcept { return bus_.taken; }
  /// What could not be read, and how much was lost, a sentence each.
  const std::vector<std::string>& problems() const noexcept { return problems_; }
  /// What was looked at: "1,024 events of 3 topics and 80 calls of 4 subscriptions; the oldest ...".
  std::string looked_at() const;

 private:
  using Ids = std::unordered_set<EventId, tracing::EventIdHash>;
  using TraceIds = std::unordered_set<tracing::TraceId, tracing::BytesHash<16>>;

  /// What a chain of causes leads up to.
  struct Ancestry {
    Ids events;
    tracing::TraceId trace{};
    Time earliest{};
    bool whole = false;  ///< it ends at an event that is a root of its trace for certain
  };

  tracing::TraceSet make_set() const;
  void add(tracing::TraceSet& set, const EventSnapshot& event) const;
  tracing::TraceId trace_now(const tracing::TraceId& trace) const;
  EventId subject_event(const TraceSubject& subject) const;
  EventId newest_event(const std::string& topic);
  std::optional<EventSnapshot> read_one(const EventId& event);
  Ancestry ancestry(const EventSnapshot& event);
  std::vector<tracing::Trace> find_by_event(const EventId& event);
  std::vector<tracing::Trace> find_by_trace(const tracing::TraceId& trace);
  std::vector<tracing::Trace> find_among_all(const TraceQuery& query);
  bool complete(std::vector<tracing::Trace>& traces);
  void scan(Start start, bool journals, const std::function<void(const EventSnapshot&)>& take);
  void read_all(EventReader& reader, const std::function<void(const EventSnapshot&)>& take);
  tracing::TraceSet collect(Start start, TraceIds traces, Ids events);
  const TopicSnapshot* topic_of(const EventId& event) const;
  bool may_be_read(const EventId& event) const;
  EventId of_this_bus(EventId event) const;
  void note(const std::string& problem);

  Inspector inspector_;
  BusSnapshot bus_;
  std::vector<RecorderSnapshot> recorders_;
  std::vector<std::string> problems_;
  /// Events of journals that were recorded before the machine's end have a trace id of the bus as it was then. By that id:
  /// the one that the root of the trace has now.
  std::unordered_map<tracing::TraceId, tracing::TraceId, tracing::BytesHash<16>> past_traces_;
  std::uint64_t looked_events_ = 0;
  std::optional<Time> oldest_event_;
};

}  // namespace shmbus::tool
