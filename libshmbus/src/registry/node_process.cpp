#include "registry/node_process.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include "platform/descriptor.hpp"
#include "platform/process.hpp"

namespace shmbus::registry {

int open_process(const Registry& registry, std::uint64_t node) noexcept {
  if (node == 0 || !registry.intact()) return -1;
  const std::uint64_t here = platform::pid_namespace();
  for (unsigned i = 0; here != 0 && i < registry.nodes(); ++i) {
    const auto& entry = registry.header().node_table[i];
    if (entry.id.load(std::memory_order_acquire) != node || entry.pid_namespace.load(std::memory_order_acquire) != here)
      continue;
    const int pid = entry.pid.load(std::memory_order_acquire);
    if (pid <= 0) return -1;
    return platform::open_descriptor([&] { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); });
  }
  return -1;
}

}  // namespace shmbus::registry
