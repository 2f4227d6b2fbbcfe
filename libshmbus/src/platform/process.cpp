#include "platform/process.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>

namespace shmbus::platform {

std::string program_name() {
  std::string name;
  std::ifstream comm("/proc/self/comm");
  std::getline(comm, name);
  return name;
}

std::uint64_t pid_namespace() noexcept {
  struct stat s {};
  return ::stat("/proc/self/ns/pid", &s) == 0 ? s.st_ino : 0;
}

std::optional<ProcessState> process_state(std::int32_t pid) noexcept {
  char text[1024];
  std::snprintf(text, sizeof text, "/proc/%d/stat", static_cast<int>(pid));
  const int fd = ::open(text, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  const ::ssize_t size = ::read(fd, text, sizeof text - 1);
  ::close(fd);
  if (size <= 0) return std::nullopt;
  text[size] = 0;
  const char* rest = std::strrchr(text, ')');  // the name before it may hold anything
  ProcessState process;
  unsigned long user = 0, system = 0;
  if (rest == nullptr ||
      std::sscanf(rest + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &process.state, &user, &system) != 3)
    return std::nullopt;
  const long ticks = ::sysconf(_SC_CLK_TCK);
  if (ticks > 0) process.cpu_ns = std::uint64_t{user + system} * 1'000'000'000 / static_cast<std::uint64_t>(ticks);
  return process;
}

}  // namespace shmbus::platform
