#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace shmbus::daemon {

/// A process that has a listening socket open.
struct SocketOwner {
  std::string program;
  pid_t pid = 0;
};

// The process that listens at an address; nothing if there is none, or if it is another user's and can't be seen.
std::optional<SocketOwner> tcp_listener(std::uint16_t port);
std::optional<SocketOwner> unix_listener(const std::string& path);

}  // namespace shmbus::daemon
