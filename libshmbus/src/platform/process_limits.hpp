#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "shmbus/error.hpp"

namespace shmbus::platform {

/// Finds the limit of this process that forbids a mapping of `bytes`. Returns an Error that names the limit, its value
/// and how to raise it; nothing where no limit is the reason. `error` is the errno of the system call.
std::optional<Error> mapping_limit(int error, const std::string& object, std::uint64_t bytes);

/// Checks that a file may become this large. Otherwise the kernel would send SIGXFSZ, which ends the process. *Throws*
/// Error, `limit`.
void check_file_size(const std::string& object, std::uint64_t bytes);

}  // namespace shmbus::platform
