#include "trace_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "shmbus/error.hpp"
#include "shmbus/pattern.hpp"

namespace shmbus::tracing {
namespace {

std::string event_text(const TracedEvent& event) {
  return event.topic.empty() ? fmt::format("event {}", event.id.to_string())
                             : fmt::format("{} #{}", event.topic, event.id.sequence);
}

bool matches_safely(const std::string& pattern, const std::string& topic) {
  try {
    return matches(pattern, topic);
  } catch (const Error&) {  // overwritten in shared memory
    return false;
  }
}

}  // namespace

std::vector<Trace> TraceBuilder::build() {
  collect();
  find_parents();
  name_missing_traces();
  note_places();
  find_times();
  group();
  sort_children();
  std::unordered_map<std::size_t, std::size_t> number_of;
  std::vector<std::vector<std::size_t>> groups;
  for (const std::size_t item : order_) {
    const auto [at, is_new] = number_of.try_emplace(representative(item), groups.size());
    if (is_new) groups.emplace_back();
    groups[at->second].push_back(item);
  }
  std::vector<Trace> traces;
  traces.reserve(groups.size());
  for (const auto& members : groups) traces.push_back(build_trace(members));
  std::stable_sort(traces.begin(), traces.end(), [](const Trace& a, const Trace& b) { return a.began < b.began; });
  return traces;
}

void TraceBuilder::collect() {
  events_.reserve(set_.events_.size());
  for (const auto& [id, event] : set_.events_) {
    by_id_.emplace(id, events_.size());
    events_.push_back(event);
  }
  calls_.reserve(set_.calls_.size());
  for (const auto& [id, call] : set_.calls_) {
    calls_.push_back(&call);
    add_missing(call.event, call.topic);
  }
  const std::size_t read = events_.size();
  for (std::size_t i = 0; i < read; ++i) {
    if (const auto cause = events_[i].cause) add_missing(*cause, {});
  }
  parents_.assign(items(), none);
  notes_.resize(events_.size());
  placed_.assign(items(), false);
  same_.resize(items());
  std::iota(same_.begin(), same_.end(), 0);
}

void TraceBuilder::add_missing(const EventId& id, const std::string& topic) {
  if (!by_id_.emplace(id, events_.size()).second) return;
  TracedEvent event;
  event.id = id;
  event.topic = set_.bus_.topic_name(id);
  event.trace = TraceContext::trace_id_of(id);
  if (event.topic.empty()) event.topic = topic;
  if (const auto taken = set_.taken_events_.find(id); taken != set_.taken_events_.end()) {
    event.trace = taken->second;
    event.taken_before = true;
    event.missing = "it was shown before";
  } else {
    event.missing = set_.bus_.why_missing(id);
  }
  events_.push_back(std::move(event));
}

void TraceBuilder::find_parents() {
  std::unordered_map<CallId, std::size_t, BytesHash<8>> call_items;
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    const std::size_t item = events_.size() + i;
    call_items.emplace(calls_[i]->id, item);
    parents_[item] = by_id_.at(calls_[i]->event);
  }
  for (std::size_t i = 0; i < events_.size(); ++i) {
    TracedEvent& event = events_[i];
    const auto publishing = event.context ? call_items.find(event.context->parent_id) : call_items.end();
    if (publishing != call_items.end()) {
      parents_[i] = publishing->second;
      event.publisher = call(publishing->second).process;
    } else if (event.cause) {
      parents_[i] = by_id_.at(*event.cause);
    }
  }
}

/// The trace of an event that was not read is that of the events that it led to.
void TraceBuilder::name_missing_traces() {
  std::vector<bool> named(events_.size(), false);
  for (std::size_t i = 0; i < events_.size(); ++i) {
    if (!events_[i].context || parents_[i] == none) continue;
    const std::size_t cause = is_event(parents_[i]) ? parents_[i] : parents_[parents_[i]];
    TracedEvent& event = events_[cause];
    if (event.missing.empty() || event.taken_before || named[cause]) continue;
    event.trace = events_[i].trace;
    named[cause] = true;
  }
}

void TraceBuilder::note_places() {
  for (std::size_t i = 0; i < events_.size(); ++i) {
    const TracedEvent& event = events_[i];
    if (parents_[i] == none) {
      if (event.context) notes_[i] = fmt::format("continues span {} from outside of the bus", hex_text(event.context->parent_id));
    } else if (is_event(parents_[i])) {
      notes_[i] = !event.context || event.trace == events_[parents_[i]].trace ? "call not recorded" : "its publisher gave it another trace";
    }
  }
}

void TraceBuilder::find_times() {
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    TracedEvent& event = events_[parents_[events_.size() + i]];
    if (event.time == Time{} && (event.near == Time{} || calls_[i]->began < event.near)) event.near = calls_[i]->began;
  }
  for (std::size_t i = 0; i < events_.size(); ++i) {
    if (events_[i].near == Time{} && parents_[i] != none) events_[i].near = time_of(parents_[i]);
  }
}

void TraceBuilder::group() {
  std::unordered_map<TraceId, std::size_t, BytesHash<16>> by_trace;
  for (std::size_t i = 0; i < events_.size(); ++i) {
    const auto [at, is_new] = by_trace.try_emplace(events_[i].trace, i);
    if (!is_new) unite(i, at->second);
  }
  for (std::size_t i = 0; i < items(); ++i) {
    if (parents_[i] != none) unite(i, parents_[i]);
  }
}

std::size_t TraceBuilder::representative(std::size_t item) {
  while (same_[item] != item) item = same_[item] = same_[same_[item]];
  return item;
}

bool TraceBuilder::comes_before(std::size_t a, std::size_t b) const {
  if (time_of(a) != time_of(b)) return time_of(a) < time_of(b);
  if (is_event(a) != is_event(b)) return is_event(a);
  if (is_event(a)) {
    return std::tie(events_[a].topic, events_[a].id.topic, events_[a].id.sequence) <
           std::tie(events_[b].topic, events_[b].id.topic, events_[b].id.sequence);
  }
  return std::tie(call(a).subscriber, call(a).subscription, call(a).id) <
         std::tie(call(b).subscriber, call(b).subscription, call(b).id);
}

void TraceBuilder::sort_children() {
  order_.resize(items());
  std::iota(order_.begin(), order_.end(), 0);
  std::sort(order_.begin(), order_.end(), [this](std::size_t a, std::size_t b) { return comes_before(a, b); });
  first_child_.assign(items() + 1, 0);
  for (const std::size_t parent : parents_) {
    if (parent != none) ++first_child_[parent + 1];
  }
  std::partial_sum(first_child_.begin(), first_child_.end(), first_child_.begin());
  children_.resize(first_child_.back());
  std::vector<std::size_t> next = first_child_;
  for (const std::size_t item : order_) {
    if (parents_[item] != none) children_[next[parents_[item]]++] = item;
  }
}

Trace TraceBuilder::build_trace(const std::vector<std::size_t>& members) {
  Trace trace;
  for (const std::size_t item : members) {
    if (parents_[item] == none) place_below(trace, item, std::move(notes_[item]));
  }
  // What no root leads to is in a circle, or below one. Each circle has an event: a call's parent is one.
  for (const std::size_t item : members) {
    if (is_event(item) && !placed_[item]) place_below(trace, item, "its causes form a circle; shown from here");
  }
  trace.id = trace.events.front().trace;
  for (const Node& node : trace.nodes) {
    const auto count = [&](Time time) {
      if (time == Time{}) return;
      if (trace.began == Time{} || time < trace.began) trace.began = time;
      trace.ended = std::max(trace.ended, time);
    };
    if (node.kind == Node::Kind::event) {
      count(trace.events[node.index].near);
    } else {
      count(trace.calls[node.index].began);
      count(trace.calls[node.index].ended.value_or(Time{}));
    }
  }
  note_partial(trace);
  note_overwritten(trace);
  constexpr std::size_t most = 20;
  if (trace.partial.size() > most) {
    const std::size_t more = trace.partial.size() - (most - 1);
    trace.partial.resize(most - 1);
    trace.partial.push_back(fmt::format("and {} more of this kind", more));
  }
  return trace;
}

void TraceBuilder::place_below(Trace& trace, std::size_t root, std::string note) {
  struct Open {
    std::size_t item, parent;
  };
  std::vector<Open> open;
  placed_[root] = true;
  add_node(trace, root, none, std::move(note));
  const auto open_children = [&](std::size_t item, std::size_t node) {
    for (std::size_t c = first_child_[item + 1]; c-- > first_child_[item];) {
      if (placed_[children_[c]]) continue;
      placed_[children_[c]] = true;
      open.push_back({children_[c], node});
    }
  };
  open_children(root, trace.nodes.size() - 1);
  while (!open.empty()) {
    const Open next = open.back();
    open.pop_back();
    add_node(trace, next.item, next.parent, is_event(next.item) ? std::move(notes_[next.item]) : std::string{});
    open_children(next.item, trace.nodes.size() - 1);
  }
}

void TraceBuilder::add_node(Trace& trace, std::size_t item, std::size_t parent, std::string note) {
  const bool event = is_event(item);
  trace.nodes.push_back({.kind = event ? Node::Kind::event : Node::Kind::call,
                         .index = event ? trace.events.size() : trace.calls.size(),
                         .parent = parent,
                         .depth = parent == none ? 0 : trace.nodes[parent].depth + 1,
                         .note = std::move(note)});
  if (event)
    trace.events.push_back(std::move(events_[item]));
  else
    trace.calls.push_back(call(item));
}

void TraceBuilder::note_partial(Trace& trace) {
  std::unordered_set<std::uint64_t> timeless;
  for (const TracedEvent& event : trace.events) {
    if (!event.missing.empty()) {
      if (!event.taken_before) trace.partial.push_back(fmt::format("{}: {}", event_text(event), event.missing));
    } else if (!set_.bus_.has_times(event.id) && timeless.insert(event.id.topic).second) {
      trace.partial.push_back(fmt::format("topic {} has no time stamps", event.topic));
    }
  }
}

const std::vector<const RecorderHead*>& TraceBuilder::overwritten_recorders(const TracedEvent& event) {
  const auto [at, is_new] = overwritten_.try_emplace(event.topic);
  if (is_new) {
    for (const RecorderHead& recorder : set_.recorders_) {
      if (recorder.overwritten != 0 && matches_safely(recorder.pattern, event.topic)) at->second.push_back(&recorder);
    }
  }
  return at->second;
}

void TraceBuilder::note_overwritten(Trace& trace) {
  std::set<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>> recorded;  // subscription, topic, sequence
  for (const TracedCall& c : trace.calls) {
    recorded.emplace(c.subscription, c.event.topic, c.event.sequence);
  }
  std::unordered_set<const RecorderHead*> noted;
  for (const TracedEvent& event : trace.events) {
    if (event.near == Time{} || event.topic.empty()) continue;
    for (const RecorderHead* recorder : overwritten_recorders(event)) {
      if (event.near < recorder->started || event.near >= recorder->oldest || noted.contains(recorder)) continue;
      if (recorded.contains({recorder->subscription, event.id.topic, event.id.sequence})) continue;
      noted.insert(recorder);
      trace.partial.push_back(fmt::format("older calls of {} are overwritten; it may have handled {}, too", recorder->name,
                                          event_text(event)));
    }
  }
}

}  // namespace shmbus::tracing
