#include "trace_metrics.hpp"

#include <chrono>
#include <string>

namespace shmbus::daemon {
namespace {

double value_of(std::uint64_t count) { return static_cast<double>(count); }

void add_bus(MetricFamilies& f, const std::string& name, const FollowCounts& c) {
  const MetricLabels bus{{"bus", name}};
  f.counter("shmbusd_trace_events_total", "Events read for traces.", bus, value_of(c.events));
  f.counter("shmbusd_trace_lost_events_total", "Events that left their topic's ring before they were read for traces.",
            bus, value_of(c.lost_events));
  f.counter("shmbusd_trace_missed_calls_total",
            "Handler calls that a flight recorder overwrote before they were read for traces; there may be more.", bus,
            value_of(c.missed_calls));
  f.counter("shmbusd_trace_dropped_events_total", "Events dropped because more than trace.events were held.", bus,
            value_of(c.dropped_events));
  f.counter("shmbusd_trace_dropped_calls_total", "Handler calls dropped because more than trace.events were held.", bus,
            value_of(c.dropped_calls));
  f.counter("shmbusd_trace_conflicting_calls_total", "Handler calls left out because another one has the same id.", bus,
            value_of(c.conflicting_calls));
  f.gauge("shmbusd_trace_held_events", "Events of traces that are not settled yet.", bus, value_of(c.held_events));
  f.gauge("shmbusd_trace_held_calls", "Handler calls of traces that are not settled yet.", bus, value_of(c.held_calls));
  f.gauge("shmbusd_trace_unreadable", "Topics and flight recorders that can't be read for traces; the log names them.",
          bus, value_of(c.unreadable));
}

}  // namespace

void add_trace_counts(MetricFamilies& f, const TraceCounts& c) {
  f.counter("shmbusd_trace_settled_traces_total", "Traces that were decided on.", {}, value_of(c.settled));
  for (std::size_t i = 0; i < select_reasons.size(); ++i)
    f.counter("shmbusd_trace_selected_traces_total", "Traces selected for export, by the first reason that held.",
              {{"reason", select_reasons[i]}}, value_of(c.selected[i]));
  f.counter("shmbusd_trace_exported_traces_total", "Traces that the receiver took.", {}, value_of(c.exported_traces));
  f.counter("shmbusd_trace_exported_spans_total", "Spans that the receiver took.", {}, value_of(c.exported_spans));
  f.counter("shmbusd_trace_rejected_spans_total", "Spans that the receiver rejected in requests that it took.", {},
            value_of(c.rejected_spans));
  for (std::size_t i = 0; i < drop_reasons.size(); ++i) {
    f.counter("shmbusd_trace_dropped_traces_total", "Selected traces that were not delivered, by reason.",
              {{"reason", drop_reasons[i]}}, value_of(c.dropped[i].traces));
    f.counter("shmbusd_trace_dropped_spans_total", "Spans of selected traces that were not delivered, by reason.",
              {{"reason", drop_reasons[i]}}, value_of(c.dropped[i].spans));
  }
  f.counter("shmbusd_trace_requests_total", "Requests sent to the receiver, the failed ones included.", {},
            value_of(c.requests));
  f.counter("shmbusd_trace_failed_requests_total", "Requests that the receiver did not take, or did not answer in time.",
            {}, value_of(c.failed_requests));
  f.counter("shmbusd_trace_retries_total", "Requests that were sent again.", {}, value_of(c.retries));
  f.gauge("shmbusd_trace_queued_requests", "Requests that wait to be sent.", {}, value_of(c.queued_requests));
  f.gauge("shmbusd_trace_queued_bytes", "Bytes of these requests.", {}, value_of(c.queued_bytes));
  if (c.last_success != Time{})
    f.gauge("shmbusd_trace_last_success_timestamp_seconds",
            "When the receiver last took a request, in seconds since 1970.", {},
            std::chrono::duration<double>(c.last_success.time_since_epoch()).count());
  for (const auto& [name, counts] : c.buses) add_bus(f, name, counts);
}

}  // namespace shmbus::daemon
