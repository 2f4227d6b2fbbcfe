#pragma once

#include <unistd.h>

#include <cstddef>

namespace shmbus::platform {

/// The size of this machine's memory pages, in bytes.
inline std::size_t page_size() noexcept {
  static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace shmbus::platform
