#include "common/call_server.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

#include "common/call.hpp"

namespace streaming {
namespace {

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

int listen_on(const std::string& path) {
  const auto refuse = [&](std::string_view found) {
    return std::runtime_error(
        fmt::format("socket '{}': expected to listen there, found: {}; give a path of at most {} bytes in a folder "
                    "that you may write",
                    path, found, sizeof(sockaddr_un::sun_path) - 1));
  };
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw refuse(fmt::format("{} bytes", path.size()));
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0) throw refuse(std::strerror(errno));
  ::unlink(path.c_str());  // left by an earlier process that was killed
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(fd, 16) != 0) {
    const int error = errno;
    ::close(fd);
    throw refuse(std::strerror(error));
  }
  return fd;
}

// Returns true when there is something to read, false when the signal came.
bool wait_for(int fd, const shmbus::tool::SignalScope& stop) {
  std::array<pollfd, 2> fds{pollfd{.fd = fd, .events = POLLIN, .revents = 0},
                            pollfd{.fd = stop.fd(), .events = POLLIN, .revents = 0}};
  while (::poll(fds.data(), fds.size(), -1) < 0 && errno == EINTR) {
  }
  return shmbus::tool::received_signal() == 0;
}

}  // namespace

void answer_calls_on(const std::string& path, const shmbus::tool::SignalScope& stop,
                     const std::function<std::uint64_t(const WatchStarted&)>& answer) {
  const Socket listener(listen_on(path));
  while (wait_for(listener.fd(), stop)) {
    const Socket caller(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    if (caller.fd() < 0) continue;
    CallRequest request;
    while (wait_for(caller.fd(), stop) && ::recv(caller.fd(), &request, sizeof request, 0) == sizeof request) {
      const CallReply reply{answer(request.watch)};
      ::send(caller.fd(), &reply, sizeof reply, MSG_NOSIGNAL);  // a caller that gave up has no use for it
    }
  }
  ::unlink(path.c_str());
}

}  // namespace streaming
