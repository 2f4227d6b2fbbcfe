#include "arrived_event.hpp"

#include "message_headers.hpp"

namespace shmbus::bridge {
namespace {

std::string_view value_of(natsMsg* message, const char* name) {
  const char* value = nullptr;
  return natsMsgHeader_Get(message, name, &value) == NATS_OK && value != nullptr ? value : std::string_view{};
}

}  // namespace

std::optional<ArrivedEvent> ArrivedEvent::read(natsMsg* message, std::string_view topic, std::string& problem) {
  ArrivedEvent arrived;
  arrived.topic = topic;
  arrived.id = value_of(message, header::id);
  arrived.source = value_of(message, header::source);
  arrived.time = value_of(message, header::time);
  arrived.hops = value_of(message, header::hops);
  arrived.type = value_of(message, header::content);
  const auto id = EventId::parse(arrived.id);
  const auto source = Source::parse(arrived.source);
  if (topic.empty() || !id || !source) {
    problem = "it was not sent by a bridge: expected the headers ce-id and ce-source of one";
    return std::nullopt;
  }
  if (arrived.hops.empty()) arrived.hops = source->bridge;  // it was not forwarded
  arrived.event = *id;
  arrived.payload = {reinterpret_cast<const std::byte*>(natsMsg_GetData(message)),
                     static_cast<std::size_t>(natsMsg_GetDataLength(message))};
  arrived.key = percent_decoded(value_of(message, header::key));
  if (const std::string_view trace = value_of(message, header::trace); !trace.empty())
    arrived.trace = TraceContext::parse(trace);
  arrived.headers = form_decoded(value_of(message, header::own));
  return arrived;
}

PublishOptions ArrivedEvent::options(Timeout timeout) const {
  PublishOptions options{.timeout = timeout, .trace = trace, .key = key};
  options.headers = {{header::hops, hops}, {header::id, id}, {header::source, source}, {header::time, time}};
  for (const auto& [name, value] : headers) options.headers.push_back({name, value});
  return options;
}

}  // namespace shmbus::bridge
