#pragma once

#include <cstdint>

namespace shmbus::log {

/// Whether a port that was placed for a holder is still useful. A port names its holder by a number that is never used
/// twice; the log does not know what the number means. Only slow paths use it. Any thread.
class PortHolders {
 public:
  virtual ~PortHolders() = default;

  /// Whether a holder still exists: a port placed for one that does not has no use.
  virtual bool stands(std::uint64_t holder) const noexcept = 0;
  /// Whether a holder has tried to attach this log since the first call of this function, and could not.
  virtual bool cannot_attach(std::uint64_t holder) noexcept = 0;
};

}  // namespace shmbus::log
