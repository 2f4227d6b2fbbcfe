#include "platform/process.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "platform/descriptor.hpp"

namespace shmbus::platform {

namespace {

/// Reads as much of a small file as fits, and returns the number of bytes; 0 where it can't be read.
std::size_t read_file(const char* path, char* to, std::size_t room) noexcept {
  const int fd = open_descriptor([&] { return ::open(path, O_RDONLY | O_CLOEXEC); });
  if (fd < 0) return 0;
  const ::ssize_t size = ::read(fd, to, room);
  ::close(fd);
  return size > 0 ? static_cast<std::size_t>(size) : 0;
}

}  // namespace

std::string program_name() {
  char name[64];  // the kernel keeps 15 characters
  const std::size_t size = read_file("/proc/self/comm", name, sizeof name);
  return std::string(name, std::find(name, name + size, '\n'));
}

std::uint64_t pid_namespace() noexcept {
  struct stat s {};
  return ::stat("/proc/self/ns/pid", &s) == 0 ? s.st_ino : 0;
}

std::optional<ProcessState> process_state(std::int32_t pid) noexcept {
  char text[1024];
  std::snprintf(text, sizeof text, "/proc/%d/stat", static_cast<int>(pid));
  const std::size_t size = read_file(text, text, sizeof text - 1);
  if (size == 0) return std::nullopt;
  text[size] = 0;
  const char* rest = std::strrchr(text, ')');  // the name before it may contain anything
  ProcessState process;
  unsigned long user = 0, system = 0;
  if (rest == nullptr ||
      std::sscanf(rest + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &process.state, &user, &system) != 3)
    return std::nullopt;
  const long ticks = ::sysconf(_SC_CLK_TCK);
  if (ticks > 0) process.cpu_ns = std::uint64_t{user + system} * 1'000'000'000 / static_cast<std::uint64_t>(ticks);
  return process;
}

int open_process(std::int32_t pid) noexcept {
  if (pid <= 0) return -1;
  return open_descriptor([&] { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); });
}

}  // namespace shmbus::platform
