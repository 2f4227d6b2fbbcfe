#pragma once

#include <cstdint>
#include <string>

#include "shmbus/error.hpp"

namespace shmbus::platform {

/// What errno says, in the system's words.
std::string error_text(int error);

/// An Error for a failed system call on `object`; the code and remedy follow from errno where they can.
Error system_error(int error, const std::string& object, const std::string& expected);

/// An Error for `bytes` of `object` that could not be mapped: it names the limit that is the reason.
Error mapping_error(int error, const std::string& object, std::uint64_t bytes);

/// An Error for memory of /dev/shm that `object` did not get.
Error no_room(const std::string& object, std::uint64_t bytes, const std::string& remedy);

}  // namespace shmbus::platform
