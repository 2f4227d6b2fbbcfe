#include "trace_subject.hpp"

#include <charconv>

#include "shmbus/trace_context.hpp"

namespace shmbus::tool {
namespace {

/// A trace id alone is one of a traceparent whose other parts do not matter.
std::optional<tracing::TraceId> parse_trace_id(std::string_view text) {
  const std::string parent = text.size() == 32 ? "00-" + std::string{text} + "-0000000000000001-00" : std::string{text};
  const auto context = TraceContext::parse(parent);
  if (!context) return std::nullopt;
  return context->trace_id;
}

}  // namespace

std::optional<TraceSubject> parse_trace_subject(std::string_view text) {
  TraceSubject subject;
  if ((subject.event = EventId::parse(text))) return subject;
  if ((subject.trace = parse_trace_id(text))) return subject;
  const std::size_t hash = text.rfind('#');
  if (hash == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(hash + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), subject.sequence);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  text = text.substr(0, hash);
  while (text.ends_with(' ')) text.remove_suffix(1);
  subject.topic = text;
  if (subject.topic.empty()) return std::nullopt;
  return subject;
}

}  // namespace shmbus::tool
