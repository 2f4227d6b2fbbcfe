#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "shmbus/error.hpp"

namespace shmbus::platform {

/// The limit of this process that forbids a mapping of `bytes`, as an Error that names it, its value and how to raise
/// it; nothing where no limit of the process is the reason. `error` is what the system call said.
std::optional<Error> mapping_limit(int error, const std::string& object, std::uint64_t bytes);

/// Throws Error, `limit`, where a file may not become so large. The kernel would send SIGXFSZ, which ends the process.
void check_file_size(const std::string& object, std::uint64_t bytes);

}  // namespace shmbus::platform
