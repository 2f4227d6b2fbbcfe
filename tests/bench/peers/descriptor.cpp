#include "descriptor.hpp"

#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace peers {

void require(bool good, const char* what) {
  if (!good) throw std::system_error(errno, std::generic_category(), what);
}

void write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    require(written >= 0, "cannot write");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

std::size_t read_some(int fd, std::span<std::byte> bytes) {
  for (;;) {
    const ssize_t count = ::read(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    require(count >= 0, "cannot read");
    if (count == 0) throw std::runtime_error("the other end has closed");
    return static_cast<std::size_t>(count);
  }
}

void read_all(int fd, std::span<std::byte> bytes) {
  while (!bytes.empty()) bytes = bytes.subspan(read_some(fd, bytes));
}

}  // namespace peers
