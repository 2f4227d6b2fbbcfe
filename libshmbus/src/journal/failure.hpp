#pragma once

#include <string>

#include "shmbus/error.hpp"

namespace shmbus::journal {

/// What failed: an errno value, and a phrase such as "writing 00000000000000000001.events". 0: nothing.
struct Failure {
  int error = 0;
  std::string what{};

  explicit operator bool() const noexcept { return error != 0; }
  /// The phrase, and the system's text for the errno value.
  std::string text() const;
};

/// Returns the Error for a failed operation on a journal's file or folder.
Error storage_error(int error, const std::string& object, const std::string& expected);

}  // namespace shmbus::journal
