#include "registry/node_process.hpp"

#include "platform/process.hpp"

namespace shmbus::registry {

std::int32_t process_of(const Registry& registry, std::uint64_t node) noexcept {
  const std::uint64_t here = platform::pid_namespace();
  if (node == 0 || here == 0 || !registry.intact()) return 0;
  for (unsigned i = 0; i < registry.nodes(); ++i) {
    const layout::NodeEntry& entry = registry.header().node_table[i];
    if (entry.id.load(std::memory_order_acquire) != node) continue;
    const std::int32_t pid = entry.pid.load(std::memory_order_acquire);
    const std::uint64_t pid_namespace = entry.pid_namespace.load(std::memory_order_acquire);
    // The entry may have got another node in the meantime.
    if (entry.id.load(std::memory_order_acquire) != node) return 0;
    return pid_namespace == here && pid > 0 ? pid : 0;
  }
  return 0;
}

}  // namespace shmbus::registry
