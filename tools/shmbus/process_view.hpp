#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace shmbus::tool {

/// The limits of a process from /proc and its control groups. A limit is empty if there is none, or if it can't be read.
struct ProcessView {
  std::optional<std::uint64_t> address_space;  ///< RLIMIT_AS, bytes
  std::optional<std::uint64_t> file_size;      ///< RLIMIT_FSIZE, bytes
  std::optional<std::uint64_t> locked_memory;  ///< RLIMIT_MEMLOCK, bytes; also empty with CAP_IPC_LOCK
  std::optional<std::uint64_t> descriptors;    ///< RLIMIT_NOFILE
  std::optional<std::uint64_t> memory;         ///< the lowest of its control groups, bytes
  std::uint64_t address_space_used = 0;        ///< bytes
  std::uint64_t locked = 0;                    ///< bytes that are locked (mlock, mlockall)
  std::uint64_t descriptors_used = 0;          ///< 0 where they may not be counted
};

/// Reads the limits of a process; `process` is a folder of /proc, such as "/proc/self", and `groups` where the control groups
/// are mounted. What can't be read is left out.
ProcessView view_process(const std::string& process, const std::string& groups = "/sys/fs/cgroup");

}  // namespace shmbus::tool
