#pragma once

#include <cstdint>
#include <string>

#include "shmbus/error.hpp"

namespace shmbus::platform {

/// The system's text for an errno value.
std::string error_text(int error);

/// Returns the Error for a failed system call on `object`. Code and remedy are chosen by errno where possible.
Error system_error(int error, const std::string& object, const std::string& expected);

/// Returns the Error for `bytes` of `object` that could not be mapped. It names the limit that is the reason.
Error mapping_error(int error, const std::string& object, std::uint64_t bytes);

/// Returns the Error for memory of /dev/shm that `object` did not get.
Error no_room(const std::string& object, std::uint64_t bytes, const std::string& remedy);

}  // namespace shmbus::platform
