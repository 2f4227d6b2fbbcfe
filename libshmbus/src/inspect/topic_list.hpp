#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/topic_name.hpp"
#include "registry/registry.hpp"

namespace shmbus::detail {

/// A topic as the registry lists it.
struct ListedTopic {
  std::optional<base::TopicName> name;  ///< nothing while the entry is being filled
  std::uint64_t id = 0;
  std::uint64_t creator = 0;
  layout::TopicPhase phase{};

  std::string text() const { return name ? name->text() : std::string{}; }
  /// Whether its segments exist.
  bool usable() const noexcept { return phase == layout::TopicPhase::ready || phase == layout::TopicPhase::notified; }
};

/// Reads the registry's topic table, without joining the bus.
std::vector<ListedTopic> list_topics(const registry::Registry& registry);

/// *Throws* Error, `corrupt`, where another process cut the registry short: it must then not be accessed.
void check_whole(const registry::Registry& registry);

}  // namespace shmbus::detail
