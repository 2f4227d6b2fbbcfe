#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace shmbus::bench {

/// What one thread has used so far, by /proc.
struct ThreadUse {
  pid_t thread = 0;
  std::uint64_t ticks = 0;        ///< of processor time, user and kernel
  std::uint64_t nanoseconds = 0;  ///< the same from the scheduler; 0 if the kernel does not give it
  std::uint64_t sleeps = 0;       ///< voluntary context switches
};
/// All threads of a process; empty when it is gone.
std::vector<ThreadUse> threads_of(pid_t pid);

/// Resident memory of a process, in bytes, by /proc.
struct ResidentMemory {
  std::uint64_t anonymous = 0;  ///< its own
  std::uint64_t shared = 0;     ///< shared memory it has touched
};
ResidentMemory resident_memory(pid_t pid);

/// How much of /dev/shm a bus's files take, in bytes.
std::uint64_t shm_use(const std::string& bus);

}  // namespace shmbus::bench
