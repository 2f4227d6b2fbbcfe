#pragma once

#include <string>

#include "shmbus/error.hpp"

namespace shmbus::platform {

/// What errno says, in the system's words.
std::string error_text(int error);

/// What is left of /dev/shm, for people.
std::string room_text();

/// An Error for a failed system call on `object`; the code and remedy follow from errno where they can.
Error system_error(int error, const std::string& object, const std::string& expected);

}  // namespace shmbus::platform
