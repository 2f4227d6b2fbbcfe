#pragma once

#include <stdexcept>

namespace shmbus::daemon {

/// All mistakes of a configuration, one per line: "FILE:LINE:COLUMN: KEY: expected ..., found ...".
class SettingsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace shmbus::daemon
