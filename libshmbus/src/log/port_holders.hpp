#pragma once

#include <cstdint>

namespace shmbus::log {

/// Whether a port that was placed for somebody is still of use. A port names its holder by a number that is never given
/// twice; what stands behind that number is not the log's to know. Asked on slow paths only. Any thread.
class PortHolders {
 public:
  virtual ~PortHolders() = default;

  /// Whether a holder is still there: a port placed for one that is not belongs to nobody.
  virtual bool stands(std::uint64_t holder) const noexcept = 0;
  /// Whether a holder has tried to attach this log since this was first asked, and could not.
  virtual bool cannot_attach(std::uint64_t holder) noexcept = 0;
};

}  // namespace shmbus::log
