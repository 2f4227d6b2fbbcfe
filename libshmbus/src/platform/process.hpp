#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace shmbus::platform {

/// The name of this process, as the system lists it; empty without /proc.
std::string program_name();

/// Names the pid namespace of this process; 0 without /proc.
std::uint64_t pid_namespace() noexcept;

/// What the system says of a process of this pid namespace.
struct ProcessState {
  char state = 0;  ///< as in proc(5): R, S, D, T, ...
  std::uint64_t cpu_ns = 0;
};
std::optional<ProcessState> process_state(std::int32_t pid) noexcept;

}  // namespace shmbus::platform
