#include "platform/random.hpp"

#include <sys/random.h>

#include <cerrno>

#include "platform/system_error.hpp"

namespace shmbus::platform {

std::uint64_t random_u64() {
  std::uint64_t value = 0;
  while (value == 0) {
    if (::getrandom(&value, sizeof value, 0) != sizeof value && errno != EINTR) {
      throw system_error(errno, "the system's random generator", "eight bytes");
    }
  }
  return value;
}

}  // namespace shmbus::platform
