#include "trace_set.hpp"

#include <algorithm>
#include <utility>

#include "trace_builder.hpp"

namespace shmbus::tracing {
namespace {

TracedCall traced(const RecorderSnapshot& recorder, const CallSnapshot& call) {
  const bool died = call.outcome == CallOutcome::running && recorder.died;
  return {.id = call.id,
          .event = call.event,
          .topic = call.topic,
          .began = call.began,
          .ended = call.outcome == CallOutcome::running ? std::nullopt : call.ended,
          .outcome = call.outcome,
          .error = call.error,
          .worker = call.worker,
          .subscription = recorder.subscription,
          .subscriber = recorder.name,
          .process = {.program = recorder.program, .pid = recorder.pid, .node = recorder.node},
          .died = died,
          .recorder_ended = died ? recorder.ended : std::nullopt};
}

}  // namespace

void TraceSet::add(const EventSnapshot& event) {
  if (taken_events_.contains(event.id) || events_.contains(event.id)) return;
  TracedEvent traced{.id = event.id,
                     .topic = event.topic,
                     .time = event.time,
                     .near = event.time,
                     .size = event.size,
                     .trace = event.trace ? event.trace->trace_id : TraceContext::trace_id_of(event.id),
                     .context = event.trace,
                     .tracestate = {},
                     .cause = event.cause,
                     .publisher = bus_.publisher(event.id, event.publisher, event.time),
                     .missing = {}};
  if (event.trace) {
    for (const HeaderSnapshot& header : event.headers) {
      if (header.name == "tracestate") traced.tracestate = header.value;
    }
  }
  events_.emplace(event.id, std::move(traced));
  event_order_.push_back(event.id);
  make_room();
}

void TraceSet::add(const RecorderSnapshot& recorder, const CallSnapshot& call,
                   std::unordered_set<CallId, BytesHash<8>>& held) {
  if (taken_calls_.contains(call.id)) {
    held.insert(call.id);
    return;
  }
  const auto [at, is_new] = calls_.try_emplace(call.id, traced(recorder, call));
  if (is_new) {
    ++called_[call.event];
    call_order_.push_back(call.id);
    make_room();
  } else if (at->second.subscription != recorder.subscription || at->second.event != call.event) {
    ++conflicting_calls_;
  } else if (at->second.outcome == CallOutcome::running) {
    at->second = traced(recorder, call);
  }
}

void TraceSet::set_recorders(const std::vector<RecorderSnapshot>& recorders) {
  std::unordered_set<CallId, BytesHash<8>> held;
  bool whole = true;
  recorders_.clear();
  for (const RecorderSnapshot& recorder : recorders) {
    recorders_.push_back({.subscription = recorder.subscription,
                          .name = recorder.name.empty() ? recorder.program : recorder.name,
                          .pattern = recorder.pattern,
                          .started = recorder.started,
                          .oldest = recorder.calls.empty() ? Time::max() : recorder.calls.front().began,
                          .overwritten = recorder.overwritten,
                          .problem = recorder.problem});
    whole = whole && recorder.problem.empty();
    for (const CallSnapshot& call : recorder.calls) add(recorder, call, held);
  }
  // One that no recorder holds any more can't come again. Where a recorder could not be read this time, it may.
  if (whole || taken_calls_.size() > limits_.calls) taken_calls_ = std::move(held);
}

void TraceSet::make_room() {
  // Each loop ends: what the orders hold beyond the maps is gone already, and is taken off here.
  while (events_.size() > limits_.events && !event_order_.empty()) {
    dropped_events_ += events_.erase(event_order_.front());
    event_order_.pop_front();
  }
  while (calls_.size() > limits_.calls && !call_order_.empty()) {
    if (const auto call = calls_.find(call_order_.front()); call != calls_.end()) {
      if (const auto of = called_.find(call->second.event); of != called_.end() && --of->second == 0) called_.erase(of);
      calls_.erase(call);
      ++dropped_calls_;
    }
    call_order_.pop_front();
  }
  while (taken_events_.size() > limits_.events && !taken_order_.empty()) {
    taken_events_.erase(taken_order_.front());
    taken_order_.pop_front();
  }
}

std::vector<Trace> TraceSet::traces() const { return TraceBuilder{*this}.build(); }

std::vector<Trace> TraceSet::take_settled(Time before) {
  std::vector<Trace> all = traces();
  std::erase_if(all, [&](const Trace& trace) { return trace.ended >= before || has_running_call(trace); });
  for (const Trace& trace : all) {
    for (const TracedEvent& event : trace.events) {
      if (events_.erase(event.id) != 0 && taken_events_.emplace(event.id, event.trace).second)
        taken_order_.push_back(event.id);
    }
    for (const TracedCall& call : trace.calls) {
      if (calls_.erase(call.id) != 0) taken_calls_.insert(call.id);
      called_.erase(call.event);
    }
  }
  if (!all.empty()) {
    std::erase_if(event_order_, [&](const EventId& id) { return !events_.contains(id); });
    std::erase_if(call_order_, [&](const CallId& id) { return !calls_.contains(id); });
  }
  make_room();
  return all;
}

}  // namespace shmbus::tracing
