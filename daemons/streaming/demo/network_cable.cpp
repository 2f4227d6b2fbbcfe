#include "demo/network_cable.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <list>
#include <vector>

#include "demo/failure.hpp"

namespace demo {
namespace {

/// One direction of a connection.
struct Flow {
  int from, to;
  std::array<char, 65'536> bytes{};
  std::size_t begin = 0, end = 0;

  bool waiting() const { return begin < end; }

  /// Passes on what is there. Returns false if the connection has ended.
  bool pass() {
    if (!waiting()) {
      const ssize_t count = ::recv(from, bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return false;
      if (count < 0) return true;
      begin = 0;
      end = static_cast<std::size_t>(count);
    }
    const ssize_t count = ::send(to, bytes.data() + begin, end - begin, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    begin += static_cast<std::size_t>(count);
    return true;
  }
};

struct SocketPair {
  SocketPair(int host, int server) : out{host, server}, in{server, host} {}
  ~SocketPair() {
    ::close(out.from);
    ::close(out.to);
  }
  SocketPair(const SocketPair&) = delete;
  SocketPair& operator=(const SocketPair&) = delete;

  Flow out, in;
};

short events_of(const Flow& reads, const Flow& writes) {
  return static_cast<short>((reads.waiting() ? 0 : POLLIN) | (writes.waiting() ? POLLOUT : 0));
}

/// Returns -1 if nothing listens there.
int connect_to(std::uint16_t port) {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (server >= 0 && ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return server;
  if (server >= 0) ::close(server);
  return -1;
}

void accept_one(int listener, std::uint16_t port, std::list<SocketPair>& connections) {
  const int host = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (host < 0) return;
  const int server = connect_to(port);
  if (server < 0) {
    ::close(host);
    return;
  }
  const int yes = 1;
  for (const int end : {host, server}) ::setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  connections.emplace_back(host, server);
}

}  // namespace

NetworkCable::NetworkCable(const HostNetwork& host)
    : listener_(host.listener()), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (wake_ < 0) throw Failure(std::string("an eventfd: expected to make one, found: ") + std::strerror(errno));
  // Signals are for the main thread.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

NetworkCable::~NetworkCable() {
  end_ = true;
  wake();
  thread_.join();
  ::close(wake_);
}

void NetworkCable::lead_to(std::uint16_t port) { port_ = port; }

void NetworkCable::cut() {
  cut_ = true;
  wake();
  idle_.wait(false);
}

void NetworkCable::mend() {
  cut_ = false;
  wake();
}

void NetworkCable::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
}

void NetworkCable::run() {
  std::list<SocketPair> connections;
  while (!end_) {
    std::vector<pollfd> polled{{wake_, POLLIN, 0}};
    const bool cut = cut_;
    idle_ = cut;
    idle_.notify_all();
    if (!cut) {
      polled.push_back({listener_, POLLIN, 0});
      for (const SocketPair& c : connections) {
        polled.push_back({c.out.from, events_of(c.out, c.in), 0});
        polled.push_back({c.in.from, events_of(c.in, c.out), 0});
      }
    }
    ::poll(polled.data(), polled.size(), -1);
    std::uint64_t woken = 0;
    [[maybe_unused]] const ssize_t read = ::read(wake_, &woken, sizeof woken);
    if (cut || cut_) continue;
    connections.remove_if([](SocketPair& c) { return !c.out.pass() || !c.in.pass(); });
    if (polled[1].revents != 0) accept_one(listener_, port_, connections);
  }
}

}  // namespace demo
