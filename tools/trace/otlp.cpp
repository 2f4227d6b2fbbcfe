#include "otlp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include "json_writer.hpp"
#include "trace_ids.hpp"

namespace shmbus::tracing {
namespace {

enum SpanKind { producer = 4, consumer = 5 };
constexpr int status_error = 2;

/// A node of a trace that becomes a span.
struct Source {
  const Trace* trace;
  const Node* node;
};

void attribute(JsonWriter& json, const char* name, std::string_view value) {
  json.open_object().key("key").text(name).key("value").open_object();
  json.key("stringValue").text(value).close_object().close_object();
}

void attribute(JsonWriter& json, const char* name, std::int64_t value) {
  json.open_object().key("key").text(name).key("value").open_object();
  json.key("intValue").number_text(value).close_object().close_object();
}

/// Times of OTLP are unsigned.
void time_member(JsonWriter& json, const char* name, Time time) {
  json.key(name).number_text(std::max<std::int64_t>(time.time_since_epoch().count(), 0));
}

struct SpanPlace {
  TraceId trace;
  SpanId span;
};

SpanPlace place_of(const Trace& trace, const Node& node) {
  if (node.kind == Node::Kind::event) {
    const TracedEvent& event = trace.events[node.index];
    return {event.trace, span_id_of(event.id)};
  }
  return {trace.events[trace.nodes[node.parent].index].trace, trace.calls[node.index].id};
}

void link(JsonWriter& json, const SpanPlace& to) {
  json.key("links").open_array().open_object();
  json.key("traceId").text(hex_text(to.trace)).key("spanId").text(hex_text(to.span));
  json.close_object().close_array();
}

void message_attributes(JsonWriter& json, std::string_view topic, const EventId& id) {
  attribute(json, "messaging.system", "shmbus");
  attribute(json, "messaging.destination.name", topic);
  attribute(json, "messaging.message.id", id.to_string());
}

void event_span(JsonWriter& json, const Source& source) {
  const TracedEvent& event = source.trace->events[source.node->index];
  json.open_object();
  json.key("traceId").text(hex_text(event.trace)).key("spanId").text(hex_text(span_id_of(event.id)));
  if (source.node->parent != Node::none) {
    const SpanPlace parent = place_of(*source.trace, source.trace->nodes[source.node->parent]);
    if (parent.trace == event.trace) {
      json.key("parentSpanId").text(hex_text(parent.span));
    } else {
      if (event.context) json.key("parentSpanId").text(hex_text(event.context->parent_id));
      link(json, parent);
    }
  } else if (event.context) {
    json.key("parentSpanId").text(hex_text(event.context->parent_id));
  }
  if (event.context) json.key("flags").number(event.context->flags);
  if (!event.tracestate.empty()) json.key("traceState").text(event.tracestate);
  json.key("name").text("publish " + event.topic).key("kind").number(producer);
  time_member(json, "startTimeUnixNano", event.near);
  time_member(json, "endTimeUnixNano", event.near);
  json.key("attributes").open_array();
  message_attributes(json, event.topic, event.id);
  attribute(json, "messaging.operation.name", "publish");
  attribute(json, "messaging.operation.type", "send");
  attribute(json, "messaging.message.body.size", static_cast<std::int64_t>(event.size));
  json.close_array().close_object();
}

/// Why a call is an error; empty: it is none. `type` is of few values.
std::string error_text(const TracedCall& call, const char*& type) {
  if (call.died) {
    type = "process_died";
    return fmt::format("its process (pid {}) died while it ran", call.process.pid);
  }
  if (call.outcome == CallOutcome::threw) {
    type = "_OTHER";  // the exception's type is not recorded
    return call.error.empty() ? "the handler threw an exception" : call.error;
  }
  if (call.outcome == CallOutcome::ended_thread) {
    type = "thread_ended";
    return "the handler ended its thread";
  }
  return {};
}

void call_span(JsonWriter& json, const Source& source, Time now) {
  const TracedCall& call = source.trace->calls[source.node->index];
  const TracedEvent& event = source.trace->events[source.trace->nodes[source.node->parent].index];
  const std::string& topic = event.topic.empty() ? call.topic : event.topic;
  json.open_object();
  json.key("traceId").text(hex_text(event.trace)).key("spanId").text(hex_text(call.id));
  json.key("parentSpanId").text(hex_text(span_id_of(event.id)));
  if (event.context) json.key("flags").number(event.context->flags);
  json.key("name").text("process " + topic).key("kind").number(consumer);
  const Time ended = call.ended ? *call.ended : call.recorder_ended ? *call.recorder_ended : now;
  time_member(json, "startTimeUnixNano", call.began);
  time_member(json, "endTimeUnixNano", std::max(ended, call.began));
  const char* type = "";
  const std::string error = error_text(call, type);
  json.key("attributes").open_array();
  message_attributes(json, topic, call.event);
  attribute(json, "messaging.operation.name", "process");
  attribute(json, "messaging.operation.type", "process");
  if (event.missing.empty()) attribute(json, "messaging.message.body.size", static_cast<std::int64_t>(event.size));
  attribute(json, "messaging.destination.subscription.name", call.subscriber);
  attribute(json, "shmbus.outcome", call.died ? "died" : to_string(call.outcome));
  attribute(json, "shmbus.worker", static_cast<std::int64_t>(call.worker));
  if (!error.empty()) attribute(json, "error.type", type);
  json.close_array();
  if (!error.empty()) {
    json.key("status").open_object().key("code").number(status_error).key("message").text(error).close_object();
  }
  json.close_object();
}

void resource(JsonWriter& json, const Process& process) {
  json.key("resource").open_object().key("attributes").open_array();
  attribute(json, "service.name", process.program.empty() ? "unknown_service" : process.program);
  if (process.known()) attribute(json, "process.pid", static_cast<std::int64_t>(process.pid));
  json.close_array().close_object();
}

}  // namespace

OtlpDocument otlp_document(std::span<const Trace> traces, Time now) {
  std::map<std::tuple<std::string, std::int32_t, std::uint64_t>, std::vector<Source>> by_process;
  OtlpDocument document;
  for (const Trace& trace : traces) {
    for (const Node& node : trace.nodes) {
      const bool event = node.kind == Node::Kind::event;
      if (event && !trace.events[node.index].missing.empty()) continue;
      const Process& process = event ? trace.events[node.index].publisher : trace.calls[node.index].process;
      by_process[{process.program, process.pid, process.node}].push_back({&trace, &node});
      ++document.spans;
    }
  }
  JsonWriter json{document.json};
  json.open_object().key("resourceSpans").open_array();
  for (const auto& [key, sources] : by_process) {
    json.open_object();
    resource(json, {.program = std::get<0>(key), .pid = std::get<1>(key), .node = std::get<2>(key)});
    json.key("scopeSpans").open_array().open_object();
    json.key("scope").open_object().key("name").text("shmbus").key("version").text(SHMBUS_VERSION).close_object();
    json.key("spans").open_array();
    for (const Source& source : sources) {
      if (source.node->kind == Node::Kind::event)
        event_span(json, source);
      else
        call_span(json, source, now);
    }
    json.close_array().close_object().close_array().close_object();
  }
  json.close_array().close_object();
  return document;
}

}  // namespace shmbus::tracing
