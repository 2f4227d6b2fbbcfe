#include "demo/caller.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "common/call.hpp"
#include "demo/failure.hpp"

namespace demo {
namespace {

class Connection {
 public:
  explicit Connection(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
      throw Failure(fmt::format("socket '{}': expected at most {} bytes, found {}; set TMPDIR to a shorter path", path,
                                sizeof address.sun_path - 1, path.size()));
    std::memcpy(address.sun_path, path.data(), path.size());
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_; }
  bool connected() const { return connected_; }

 private:
  int fd_;
  bool connected_;
};

}  // namespace

CallOutcome Caller::call(const std::string& socket, const streaming::WatchStarted& watch) const {
  CallOutcome outcome;
  std::chrono::milliseconds pause{50};
  while (outcome.attempts < attempts_) {
    if (outcome.attempts++ > 0) stop_.sleep(std::exchange(pause, 2 * pause));
    outcome.problem = attempt(socket, watch);
    if (const int signal = shmbus::tool::received_signal()) throw Stopped{signal};
    outcome.answered = outcome.problem.empty();
    if (outcome.answered) break;
  }
  return outcome;
}

std::string Caller::attempt(const std::string& socket, const streaming::WatchStarted& watch) const {
  const Connection connection(socket);
  if (!connection.connected()) return std::strerror(errno);
  const streaming::CallRequest request{watch};
  if (::send(connection.fd(), &request, sizeof request, MSG_NOSIGNAL) != sizeof request) return std::strerror(errno);
  std::array<pollfd, 2> fds{pollfd{.fd = connection.fd(), .events = POLLIN, .revents = 0},
                            pollfd{.fd = stop_.fd(), .events = POLLIN, .revents = 0}};
  if (::poll(fds.data(), fds.size(), static_cast<int>(timeout_.count())) <= 0)
    return fmt::format("no answer within {} ms", timeout_.count());
  streaming::CallReply reply;
  if (::recv(connection.fd(), &reply, sizeof reply, MSG_DONTWAIT) != sizeof reply) return "the service hung up";
  return "";
}

}  // namespace demo
