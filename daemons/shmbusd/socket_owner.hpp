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

// Who listens there; nothing where nobody does, or this user may not know it (another user's process).
std::optional<SocketOwner> tcp_listener(std::uint16_t port);
std::optional<SocketOwner> unix_listener(const std::string& path);

}  // namespace shmbus::daemon
