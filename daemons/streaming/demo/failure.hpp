#pragma once

#include <stdexcept>

namespace demo {

/// The demonstration cannot go on.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The user wants it to end.
struct Stopped {
  int signal = 0;
};

}  // namespace demo
