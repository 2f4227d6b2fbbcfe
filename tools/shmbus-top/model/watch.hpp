#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/compared_snapshot.hpp"

namespace shmbus::top {

/// Takes snapshots of one bus, also beyond its removal: a new bus of the same name is watched then.
class Watch {
 public:
  /// Throws Error if there is no such bus, or if it can't be read.
  explicit Watch(std::string bus);

  /// A new snapshot; nothing if the bus can't be read, and then `problem` says why.
  std::optional<ComparedSnapshot> look();
  const std::string& problem() const noexcept { return problem_; }

  /// The ring of a topic; nothing if it does not exist or can't be read.
  std::optional<RingSnapshot> ring(std::string_view topic);
  /// The last events of a topic, oldest first; none if they can't be read.
  std::vector<EventSnapshot> events(std::string_view topic, std::size_t count);

 private:
  std::vector<DurableSnapshot> durables(const BusSnapshot& bus);
  std::vector<GroupSnapshot> groups(const BusSnapshot& bus);

  std::string bus_;
  std::optional<Inspector> inspector_;
  std::optional<BusSnapshot> before_;
  std::vector<DurableSnapshot> durables_before_;
  std::vector<GroupSnapshot> groups_before_;
  std::string problem_;
};

}  // namespace shmbus::top
