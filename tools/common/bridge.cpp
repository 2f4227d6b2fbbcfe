#include "bridge.hpp"

#include <fmt/format.h>

#include <string_view>

#include "port_text.hpp"
#include "printable_text.hpp"

namespace shmbus::tool {

const char* const bridge_remedy =
    "NATS takes events more slowly than they are published, or can't be reached: see its metrics or log (journalctl -u "
    "shmbus-nats)";

Bridges::Bridges(const BusSnapshot& bus) {
  for (const NodeSnapshot& node : bus.nodes) add(node.id, {}, node.program);
  for (const SubscriptionSnapshot& s : bus.subscriptions) add(s.node, s.name, s.program);
  for (const TopicSnapshot& topic : bus.topics) {
    for (const PublisherSnapshot& p : topic.publishers) add(p.node, {}, p.program);
    for (const SubscriberSnapshot& s : topic.subscribers) add(s.node, s.name, s.program);
  }
}

void Bridges::add(std::uint64_t node, const std::string& name, const std::string& program) {
  constexpr std::string_view bridge_program = "shmbus-nats", before_name = "bridge ";
  if (program != bridge_program) return;
  std::string& known = names_[node];
  if (known.empty() && name.starts_with(before_name)) known = name.substr(before_name.size());
}

std::optional<std::string> Bridges::name_of(std::uint64_t node) const {
  const auto found = names_.find(node);
  return found == names_.end() ? std::nullopt : std::optional{found->second};
}

std::string Bridges::process_text(std::uint64_t node, const std::string& name, const std::string& program) const {
  const auto bridge = name_of(node);
  return bridge ? bridge_text(*bridge) : tool::process_text(name, program);
}

std::string bridge_text(const std::string& name) {
  return name.empty() ? "bridge to NATS" : fmt::format("bridge {} to NATS", printable(name));
}

}  // namespace shmbus::tool
