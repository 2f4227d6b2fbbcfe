#include "trace_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "shmbus/error.hpp"
#include "snapshot_topics.hpp"
#include "time_text.hpp"
#include "topic_table.hpp"

namespace shmbus::tool {
namespace {

using tracing::Trace;
using tracing::TraceId;
using tracing::TraceSet;

constexpr std::size_t longest_chain = 100'000;  // of causes that are followed up, one read each

TraceId trace_of(const EventSnapshot& event) {
  return event.trace ? event.trace->trace_id : TraceContext::trace_id_of(event.id);
}

/// A little before the time: clocks of events are compared.
Start start_at(Time time) { return Start::time(time - std::chrono::milliseconds{1}); }

[[noreturn]] void refuse(std::string object, std::string found, std::string remedy) {
  throw Error(ErrorCode::not_found,
              {.object = std::move(object), .expected = {}, .found = std::move(found), .remedy = std::move(remedy)});
}

/// The last that is known of a trace, the finding of dead processes included.
Time last_sign(const Trace& trace) {
  Time last = trace.ended;
  for (const tracing::TracedCall& call : trace.calls) {
    if (call.recorder_ended) last = std::max(last, *call.recorder_ended);
  }
  return last;
}

}  // namespace

TraceSearch::TraceSearch(const std::string& bus)
    : inspector_(bus), bus_(inspector_.snapshot()), recorders_(inspector_.recorders()) {
  for (const TopicSnapshot& topic : bus_.topics) {
    if (!topic.problem.empty()) note(topic.problem);
  }
  for (const RecorderSnapshot& recorder : recorders_) {
    if (!recorder.problem.empty()) note(recorder.problem);
  }
}

void TraceSearch::note(const std::string& problem) {
  if (std::find(problems_.begin(), problems_.end(), problem) == problems_.end()) problems_.push_back(problem);
}

std::vector<Trace> TraceSearch::find(const TraceQuery& query) {
  if (query.subject && query.subject->trace) return find_by_trace(*query.subject->trace);
  if (query.subject) return find_by_event(subject_event(*query.subject));
  if (!query.last.empty()) return find_by_event(newest_event(query.last));
  return find_among_all(query);
}

std::string TraceSearch::looked_at() const {
  std::size_t calls = 0;
  std::optional<Time> oldest_call;
  for (const RecorderSnapshot& recorder : recorders_) {
    calls += recorder.calls.size();
    if (recorder.calls.empty()) continue;
    const Time began = recorder.calls.front().began;
    if (!oldest_call || began < *oldest_call) oldest_call = began;
  }
  std::string text = fmt::format("looked at {} of {} and {} of {}", counted(looked_events_, "event"),
                                 counted(bus_.topics.size(), "topic"), counted(calls, "call"),
                                 counted(recorders_.size(), "flight recorder"));
  if (oldest_event_) text += fmt::format("; the oldest event is from {}", clock_text(*oldest_event_, now()));
  if (oldest_call)
    text += fmt::format("{} the oldest call from {}", oldest_event_ ? "," : ";", clock_text(*oldest_call, now()));
  return text;
}

TraceSet TraceSearch::make_set() const {
  TraceSet set;
  set.set_bus(bus_);
  set.set_recorders(recorders_);
  return set;
}

TraceId TraceSearch::trace_now(const TraceId& trace) const {
  const auto found = past_traces_.find(trace);
  return found == past_traces_.end() ? trace : found->second;
}

void TraceSearch::add(TraceSet& set, const EventSnapshot& event) const {
  if (!event.trace || !past_traces_.contains(event.trace->trace_id)) return set.add(event);
  EventSnapshot renamed = event;
  renamed.trace->trace_id = trace_now(event.trace->trace_id);
  set.add(renamed);
}

const TopicSnapshot* TraceSearch::topic_of(const EventId& event) const {
  if (event.bus != bus_.incarnation) return nullptr;
  const auto found = std::find_if(bus_.topics.begin(), bus_.topics.end(),
                                  [&](const TopicSnapshot& topic) { return topic.info.id == event.topic; });
  return found == bus_.topics.end() ? nullptr : &*found;
}

/// Whether the bus may still hold an event: in the ring, or in the journal of its topic.
bool TraceSearch::may_be_read(const EventId& event) const {
  const TopicSnapshot* topic = topic_of(event);
  return topic != nullptr && topic->problem.empty() && event.sequence <= topic->published &&
         (topic->journal || (topic->oldest != 0 && event.sequence >= topic->oldest));
}

/// A journaled topic that is brought back after the machine's end keeps its id, and its bus gets a new one: an event that
/// was recorded before names the bus as it was.
EventId TraceSearch::of_this_bus(EventId event) const {
  const bool journaled = std::any_of(bus_.topics.begin(), bus_.topics.end(), [&](const TopicSnapshot& topic) {
    return topic.journal && topic.info.id == event.topic;
  });
  if (journaled) event.bus = bus_.incarnation;
  return event;
}

EventId TraceSearch::subject_event(const TraceSubject& subject) const {
  if (subject.event) return of_this_bus(*subject.event);
  return {bus_.incarnation, find_topic(bus_, subject.topic).info.id, subject.sequence};
}

EventId TraceSearch::newest_event(const std::string& name) {
  const TopicSnapshot& topic = find_topic(bus_, name);
  // The newest number may be an aborted one, or not committed yet.
  const auto events = inspector_.events(name, 1, 0);
  if (!events.empty()) return {bus_.incarnation, topic.info.id, events.back().sequence};
  EventReader reader = inspector_.read(name, Start::last(1), {.max_payload = 0, .retained_only = true});
  const EventSnapshot* const last = reader.next();
  if (last == nullptr) refuse(fmt::format("topic '{}':", name), "no event is retained", "publish one: shmbus pub");
  return {bus_.incarnation, topic.info.id, last->sequence};
}

std::optional<EventSnapshot> TraceSearch::read_one(const EventId& event) {
  const TopicSnapshot* topic = topic_of(event);
  if (topic == nullptr || !may_be_read(event)) return std::nullopt;
  try {
    EventReader reader =
        inspector_.read(topic->info.name, Start::sequence(event.sequence), {.max_payload = 0, .retained_only = true});
    const EventSnapshot* const read = reader.next();
    if (read != nullptr && read->id == event) return *read;
  } catch (const Error& error) {
    note(error.what());
  }
  return std::nullopt;
}

TraceSearch::Ancestry TraceSearch::ancestry(const EventSnapshot& event) {
  Ancestry result{.events = {event.id}, .trace = trace_of(event), .earliest = event.time, .whole = false};
  EventSnapshot at = event;
  while (at.cause && result.events.size() < longest_chain) {
    const EventId cause = of_this_bus(*at.cause);
    if (!result.events.insert(cause).second) return result;  // a circle
    std::optional<EventSnapshot> above = read_one(cause);
    if (!above) return result;
    at = std::move(*above);
    result.earliest = std::min(result.earliest, at.time);
  }
  // A trace from outside may have other roots, and a topic without time stamps no begin.
  result.whole = !at.cause && !at.trace && result.earliest != Time{};
  return result;
}

std::vector<Trace> TraceSearch::find_by_event(const EventId& event) {
  const std::optional<EventSnapshot> read = read_one(event);
  TraceSet set;
  if (read) {
    const Ancestry above = ancestry(*read);
    set = collect(above.whole ? start_at(above.earliest) : Start::oldest(), {above.trace}, above.events);
  } else {
    set = collect(Start::oldest(), {TraceContext::trace_id_of(event)}, {event});
  }
  std::vector<Trace> traces = set.traces();
  std::erase_if(traces, [&](const Trace& trace) {
    return std::none_of(trace.events.begin(), trace.events.end(), [&](const auto& e) { return e.id == event; });
  });
  if (!traces.empty()) return traces;
  const TopicSnapshot* topic = topic_of(event);
  std::string found = event.bus != bus_.incarnation ? "the id is of another bus, or of one of that name before it"
                      : topic == nullptr            ? "the bus has no such topic any more"
                      : oldest_held(*topic) == 0    ? fmt::format("topic {} retains none", topic->info.name)
                                                    : fmt::format("topic {} retains #{} to #{}", topic->info.name,
                                                                  oldest_held(*topic), topic->published);
  refuse(fmt::format("bus '{}': no event with id {}, and no call of it:", bus_.name, event.to_string()),
         std::move(found), "shmbus ls lists what topics retain");
}

std::vector<Trace> TraceSearch::find_by_trace(const TraceId& id) {
  std::vector<Trace> traces = collect(Start::oldest(), {id}, {}).traces();
  std::erase_if(traces, [&](const Trace& trace) {
    return std::none_of(trace.events.begin(), trace.events.end(), [&](const auto& e) { return e.trace == trace_now(id); });
  });
  if (traces.empty())
    refuse(fmt::format("bus '{}': no event of trace {}:", bus_.name, tracing::hex_text(id)), looked_at(), {});
  return traces;
}

std::vector<Trace> TraceSearch::find_among_all(const TraceQuery& query) {
  TraceSet set = make_set();
  const Time since = query.since ? now() - std::min(*query.since, now().time_since_epoch()) : Time{};
  // What no handler was called for, and no handler published, is a trace only where all are asked for.
  const bool all = query.since && !query.failed && !query.dead && !query.slowest;
  // Without a time, of the journals nothing: they may be large, and calls are recorded of the last events alone.
  scan(query.since ? Start::time(since) : Start::oldest(), query.since.has_value(), [&](const EventSnapshot& event) {
    if (all || event.cause || set.has_call_of(event.id)) add(set, event);
  });
  if (set.dropped_events() != 0) {
    note(fmt::format(
        "more events than are kept in memory at a time: {} were left out, the oldest; ask for less with --since",
        set.dropped_events()));
  }
  std::vector<Trace> traces = set.traces();
  std::erase_if(traces, [&](const Trace& trace) {
    if (query.since && last_sign(trace) < since) return true;
    if (!query.failed && !query.dead) return false;
    return !(query.failed && has_failed_call(trace)) && !(query.dead && has_dead_call(trace));
  });
  const auto order = [&] {
    if (!query.slowest) return;
    std::stable_sort(traces.begin(), traces.end(),
                     [](const Trace& a, const Trace& b) { return duration(a) > duration(b); });
    if (traces.size() > *query.slowest) traces.resize(static_cast<std::size_t>(*query.slowest));
  };
  order();
  if (complete(traces)) order();
  return traces;
}

/// Reads what the traces lack and the bus still has. Returns whether that was anything.
bool TraceSearch::complete(std::vector<Trace>& traces) {
  constexpr std::size_t most_single_reads = 64;
  Ids chosen, events;
  TraceIds ids;
  std::vector<EventId> missing;
  for (const Trace& trace : traces) {
    for (const tracing::TracedEvent& event : trace.events) {
      ids.insert(event.trace);
      chosen.insert(event.id);
      if (!event.missing.empty() && may_be_read(event.id)) missing.push_back(event.id);
    }
  }
  events = chosen;
  Time earliest = Time::max();
  bool whole = missing.size() <= most_single_reads, found = !whole;
  for (const EventId& id : missing) {
    if (missing.size() > most_single_reads) break;  // one look at all is quicker
    const std::optional<EventSnapshot> read = read_one(id);
    if (!read) continue;
    found = true;
    const Ancestry above = ancestry(*read);
    ids.insert(above.trace);
    events.insert(above.events.begin(), above.events.end());
    earliest = std::min(earliest, above.earliest);
    whole = whole && above.whole;
  }
  if (!found) return false;
  traces = collect(whole ? start_at(earliest) : Start::oldest(), std::move(ids), std::move(events)).traces();
  std::erase_if(traces, [&](const Trace& trace) {
    return std::none_of(trace.events.begin(), trace.events.end(), [&](const auto& e) { return chosen.contains(e.id); });
  });
  return true;
}

/// The events of these traces, these events, and what they caused; and the calls of these and of all others.
TraceSet TraceSearch::collect(Start start, TraceIds traces, Ids events) {
  TraceSet set;
  set.set_bus(bus_);
  scan(start, true, [&](const EventSnapshot& event) {
    if (!traces.contains(trace_of(event)) && !events.contains(event.id) &&
        !(event.cause && events.contains(*event.cause)))
      return;
    events.insert(event.id);
    traces.insert(trace_of(event));
    add(set, event);
  });
  set.set_recorders(recorders_);
  return set;
}

void TraceSearch::scan(Start start, bool journals, const std::function<void(const EventSnapshot&)>& take) {
  looked_events_ = 0;
  std::vector<std::string> timeless;
  for (const TopicSnapshot& topic : bus_.topics) {
    // A topic without time stamps can't be entered at a time: all of it is read.
    if (start.kind() != Start::Kind::time || !topic.problem.empty() || topic.info.timestamps) continue;
    timeless.push_back(topic.info.name);
    try {
      EventReader reader = inspector_.read(topic.info.name, Start::oldest(),
                                           {.max_payload = 0, .retained_only = true, .journals = journals});
      read_all(reader, take);
    } catch (const Error& error) {
      note(error.what());
    }
  }
  EventReader reader = inspector_.read(">", start, {.max_payload = 0, .retained_only = true, .journals = journals});
  read_all(reader, take);
  for (const TopicProblem& problem : reader.problems()) {
    if (std::find(timeless.begin(), timeless.end(), problem.topic) == timeless.end()) note(problem.reason);
  }
}

void TraceSearch::read_all(EventReader& reader, const std::function<void(const EventSnapshot&)>& take) {
  EventSnapshot past;  // an event of the bus before the machine's end
  while (const EventSnapshot* event = reader.next()) {
    ++looked_events_;
    if (event->cause && event->cause->bus != bus_.incarnation) {
      past = *event;
      past.cause = of_this_bus(*event->cause);
      const TraceId then = TraceContext::trace_id_of(*event->cause);
      if (past.trace && past.trace->trace_id == then) past_traces_[then] = TraceContext::trace_id_of(*past.cause);
      event = &past;
    }
    if (event->time != Time{} && (!oldest_event_ || event->time < *oldest_event_)) oldest_event_ = event->time;
    take(*event);
  }
  if (reader.lost() != 0) note(fmt::format("{} left the ring before they were read", counted(reader.lost(), "event")));
}

}  // namespace shmbus::tool
