#include "trace_json.hpp"

#include "json_writer.hpp"
#include "time_text.hpp"
#include "trace_ids.hpp"

namespace shmbus::tracing {
namespace {

void time_member(JsonWriter& json, const char* name, Time time) {
  json.key(name);
  if (time == Time{}) {  // the epoch stands for a time that is not known
    json.null();
  } else {
    json.text(tool::rfc3339(time));
  }
}

void process_members(JsonWriter& json, const Process& process) {
  if (!process.known()) return;
  json.key("program").text(process.program);
  json.key("pid").number(process.pid);
}

void event_members(JsonWriter& json, const TracedEvent& event) {
  json.key("event").text(event.id.to_string());
  json.key("topic").text(event.topic);
  json.key("sequence").verbatim(std::to_string(event.id.sequence));
  json.key("trace").text(hex_text(event.trace));
  if (!event.missing.empty()) {
    json.key("missing").text(event.missing);
    return;
  }
  time_member(json, "time", event.time);
  json.key("size").verbatim(std::to_string(event.size));
  process_members(json, event.publisher);
  if (event.context) json.key("parent_id").text(hex_text(event.context->parent_id));
  if (event.cause) json.key("cause").text(event.cause->to_string());
}

void call_members(JsonWriter& json, const TracedCall& call, const TracedEvent& event) {
  json.key("call").text(hex_text(call.id));
  json.key("subscriber").text(call.subscriber);
  process_members(json, call.process);
  json.key("worker").number(call.worker);
  time_member(json, "began", call.began);
  json.key("waited_ns");
  if (event.time == Time{}) {
    json.null();
  } else {
    json.number(time_between(event.time, call.began).count());
  }
  json.key("took_ns");
  if (call.ended) {
    json.number(time_between(call.began, *call.ended).count());
  } else {
    json.null();
  }
  json.key("outcome").text(call.died ? "died" : to_string(call.outcome));
  if (!call.error.empty()) json.key("error").text(call.error);
  if (call.recorder_ended) time_member(json, "found_dead", *call.recorder_ended);
}

}  // namespace

std::string trace_json(const Trace& trace) {
  std::string out;
  JsonWriter json{out};
  json.open_object();
  json.key("trace").text(hex_text(trace.id));
  time_member(json, "began", trace.began);
  json.key("duration_ns").number(duration(trace).count());
  json.key("partial").open_array();
  for (const std::string& what : trace.partial) json.text(what);
  json.close_array();
  json.key("roots").open_array();
  std::size_t open = 0;  // nodes whose children are being written
  const auto close_to = [&](std::size_t depth) {
    for (; open > depth; --open) json.close_array().close_object();
  };
  for (const Node& node : trace.nodes) {
    close_to(node.depth);
    json.open_object();
    if (node.kind == Node::Kind::event) {
      event_members(json, trace.events[node.index]);
    } else {
      call_members(json, trace.calls[node.index], trace.events[trace.nodes[node.parent].index]);
    }
    if (!node.note.empty()) json.key("note").text(node.note);
    json.key("children").open_array();
    ++open;
  }
  close_to(0);
  json.close_array().close_object();
  return out += '\n';
}

}  // namespace shmbus::tracing
