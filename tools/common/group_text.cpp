#include "group_text.hpp"

#include <fmt/format.h>

#include "printable_text.hpp"
#include "quantity_text.hpp"

namespace shmbus::tool {

std::optional<std::string> group_of_port(std::string_view port_name) {
  constexpr std::string_view begin = "group:";
  if (!port_name.starts_with(begin)) return std::nullopt;
  return std::string{port_name.substr(begin.size())};
}

std::string group_state_text(const GroupSnapshot& group) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (!group.problem.empty()) return "unreadable";
  if (group.full) add("window full for " + duration_text(group.full_for));
  if (group.cautious) add("cautious");
  if (group.members.empty()) add("no member");
  return text.empty() ? "ok" : text;
}

std::string holder_text(const GroupEventSnapshot& event) {
  if (event.member.empty()) return "-";
  if (event.state != GroupEventState::leased || event.node_state == NodeState::alive) return printable(event.member);
  return fmt::format("{} ({})", printable(event.member), to_string(event.node_state));
}

std::string event_state_text(const GroupEventSnapshot& event) {
  const std::string state = to_string(event.state);
  if (event.state == GroupEventState::unread || !event.left) return state;
  if (event.state == GroupEventState::leased) return fmt::format("{}, {} left", state, duration_text(*event.left));
  return event.left->count() == 0 ? state : fmt::format("{}, due in {}", state, duration_text(*event.left));
}

std::string oldest_text(const GroupSnapshot& group) {
  if (!group.oldest) return {};
  const GroupEventSnapshot& e = *group.oldest;
  std::string text = fmt::format("oldest event {}: {}", e.sequence, event_state_text(e));
  if (e.deliveries != 0) text += fmt::format(", leased {}", counted(e.deliveries, "time"));
  if (e.state == GroupEventState::leased)
    text += fmt::format(", by {} for {}", holder_text(e), duration_text(e.leased_for));
  else if (!e.member.empty())
    text += fmt::format(", last by {}", holder_text(e));
  return text;
}

const char* to_text(Order order) noexcept { return order == Order::by_key ? "by_key" : "any"; }

}  // namespace shmbus::tool
