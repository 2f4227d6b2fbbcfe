#include "port_text.hpp"

#include <fmt/format.h>

#include "printable_text.hpp"
#include "quantity_text.hpp"

namespace shmbus::tool {

std::string process_text(const std::string& name, const std::string& program) {
  // The system keeps 15 characters of a program's name.
  constexpr std::size_t kept = 15;
  if (name.empty()) return printable(program);
  if (name == program || (program.size() == kept && name.starts_with(program))) return printable(name);
  return printable(fmt::format("{} ({})", name, program));
}

bool is_recorder(const TopicSnapshot& topic, const SubscriberSnapshot& s) noexcept {
  return topic.journal && s.node == topic.journal->node && s.name == "recorder" && s.pattern.empty();
}

std::string subscriber_state_text(const SubscriberSnapshot& s) {
  return fmt::format("{}{}", to_string(s.state), s.in_journal ? ", in journal" : "");
}

const char* mode_text(const SubscriberSnapshot& s) noexcept {
  if (s.demoted) return "demoted";
  return s.delivery == Delivery::reliable ? "reliable" : "lossy";
}

std::string latency_text(const Latency& latency) {
  if (latency.count() == 0) return "-";
  return fmt::format("{} / {} / {}", duration_text(latency.percentile(50)), duration_text(latency.percentile(99)),
                     duration_text(latency.percentile(99.9)));
}

}  // namespace shmbus::tool
