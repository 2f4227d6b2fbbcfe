#pragma once

#include <cstddef>
#include <string>

namespace shmbus::tool {

/// Standard input that a signal can interrupt at any moment.
class Input {
 public:
  /// `stop` is a descriptor that is readable once reading is to end.
  explicit Input(int stop) noexcept : stop_(stop) {}

  /// Waits for bytes and appends at most 64 KiB of them. Returns false at the end, or when it has to stop. Throws
  /// std::system_error.
  bool read(std::string& to);

 private:
  int stop_;
};

}  // namespace shmbus::tool
