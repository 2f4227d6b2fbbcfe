#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

#include "support/forked_process.hpp"
#include "support/time_limits.hpp"

namespace test {

/// The socket at which a service manager gets notifications.
class NotifySocket {
 public:
  /// "/PATH", or "@NAME" for an abstract socket.
  explicit NotifySocket(std::string name)
      : name_(std::move(name)), fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name_.copy(address.sun_path, sizeof address.sun_path - 1);
    if (name_.front() == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    require(::bind(fd_, reinterpret_cast<sockaddr*>(&address), length) == 0, "can't bind " + name_);
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;
  ~NotifySocket() { ::close(fd_); }

  std::string variable() const { return "NOTIFY_SOCKET=" + name_; }

  std::string receive() const {
    pollfd arrival{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&arrival, 1, static_cast<int>(std::chrono::milliseconds{patience}.count())) != 1) return "nothing";
    std::array<char, 4096> text{};
    const ssize_t size = ::recv(fd_, text.data(), text.size(), 0);
    return {text.data(), static_cast<std::size_t>(size)};
  }

 private:
  std::string name_;
  int fd_;
};

}  // namespace test
