#include "group_port.hpp"

#include "group_text.hpp"

namespace shmbus::tool {

std::string GroupPort::state() const {
  if (place->held) return place->gating ? "gating, without a member" : "without a member";
  return place->gating ? "gating" : "held";
}

std::uint64_t GroupPort::lag() const noexcept {
  const std::uint64_t next = topic->published + 1;
  return next > place->next_sequence ? next - place->next_sequence : 0;
}

std::vector<GroupPort> group_ports(const TopicSnapshot& topic) {
  std::vector<GroupPort> ports;
  for (const HeldPlaceSnapshot& place : topic.places) {
    if (auto group = group_of_port(place.name)) ports.push_back({&topic, &place, std::move(*group)});
  }
  return ports;
}

}  // namespace shmbus::tool
