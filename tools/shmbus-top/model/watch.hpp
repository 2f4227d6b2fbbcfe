#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/look.hpp"

namespace shmbus::top {

/// Looks at one bus again and again, also past its removal: a new bus of its name is picked up.
class Watch {
 public:
  /// Throws Error where there is no such bus, or none that can be read.
  explicit Watch(std::string bus);

  /// What there is now; nothing where the bus is away, and `problem` says why.
  std::optional<Look> look();
  const std::string& problem() const noexcept { return problem_; }

  /// The ring of a topic; nothing where it is not there or can't be read.
  std::optional<RingSnapshot> ring(std::string_view topic);
  /// The last events of a topic, oldest first; none where they can't be read.
  std::vector<EventSnapshot> events(std::string_view topic, std::size_t count);

 private:
  std::string bus_;
  std::optional<Inspector> inspector_;
  std::optional<BusSnapshot> before_;
  std::string problem_;
};

}  // namespace shmbus::top
