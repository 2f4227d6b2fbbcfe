#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace shmbus::platform {

/// Returns this process's name, as the system lists it; empty without /proc.
std::string program_name();

/// Returns the id of this process's pid namespace; 0 without /proc.
std::uint64_t pid_namespace() noexcept;

/// What the system reports about a process of this pid namespace.
struct ProcessState {
  char state = 0;  ///< as in proc(5): R, S, D, T, ...
  std::uint64_t cpu_ns = 0;
};
std::optional<ProcessState> process_state(std::int32_t pid) noexcept;

/// Returns a pidfd of a process, readable when the process ends. Returns -1 where `pid` is 0, or the kernel refuses it.
int open_process(std::int32_t pid) noexcept;

}  // namespace shmbus::platform
