#include "support/tcp_link.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "support/time_limits.hpp"

namespace test {
namespace {

constexpr std::size_t most = std::size_t{1} << 18;  // bytes that wait in one direction

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int tcp_socket() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "socket");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

/// Reads what is there. Returns false at the end.
bool receive(int fd, std::string& to) {
  std::array<char, 65536> piece;
  const ssize_t size = ::recv(fd, piece.data(), piece.size(), MSG_DONTWAIT);
  if (size > 0) to.append(piece.data(), static_cast<std::size_t>(size));
  return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

bool send(int fd, std::string& from) {
  const ssize_t size = ::send(fd, from.data(), from.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (size > 0) from.erase(0, static_cast<std::size_t>(size));
  return size >= 0 || errno == EAGAIN || errno == EINTR;
}

}  // namespace

TcpLink::TcpLink(std::uint16_t server) : server_(server), wake_(::eventfd(0, EFD_CLOEXEC)) {
  listen();
  thread_ = std::thread([this] { work(); });
}

TcpLink::~TcpLink() {
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
  }
  ::eventfd_write(wake_, 1);
  thread_.join();
  for (Pair& pair : pairs_) end(pair);
  if (listener_ >= 0) ::close(listener_);
  ::close(wake_);
}

void TcpLink::cut() { change(Mode::cut, false); }
void TcpLink::close() { change(Mode::closed, true); }
void TcpLink::mend() { change(Mode::open, false); }
void TcpLink::mend_with_loss() { change(Mode::open, true); }

void TcpLink::change(Mode mode, bool drop) {
  std::uint64_t change = 0;
  {
    const std::lock_guard lock{mutex_};
    mode_ = mode;
    drop_ = drop_ || drop;
    change = ++wanted_;
  }
  ::eventfd_write(wake_, 1);
  wait_until("the link to change", [&] {
    const std::lock_guard lock{mutex_};
    return done_ >= change;
  });
}

void TcpLink::listen() {
  listener_ = tcp_socket();
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port_.number());
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 64) != 0)
    throw std::system_error(errno, std::generic_category(), "listen");
}

int TcpLink::connect() const {
  const int fd = tcp_socket();
  const sockaddr_in address = loopback(server_);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

void TcpLink::accept() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int on = 1;
  ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const int server = connect();
  if (server < 0) {
    ::close(client);
    return;
  }
  ++connections_;
  pairs_.push_back({.client = client, .server = server});
}

bool TcpLink::pass(Pair& pair, short client_events, short server_events) {
  bool open = true;
  if ((client_events & (POLLIN | POLLHUP | POLLERR)) != 0) open = receive(pair.client, pair.to_server) && open;
  if ((server_events & (POLLIN | POLLHUP | POLLERR)) != 0) open = receive(pair.server, pair.to_client) && open;
  if (!pair.to_server.empty()) open = send(pair.server, pair.to_server) && open;
  if (!pair.to_client.empty()) open = send(pair.client, pair.to_client) && open;
  return open;
}

void TcpLink::end(Pair& pair) {
  ::close(pair.client);
  ::close(pair.server);
}

void TcpLink::work() {
  std::vector<pollfd> fds;
  for (;;) {
    Mode mode;
    {
      const std::lock_guard lock{mutex_};
      if (stop_) return;
      mode = mode_;
      if (drop_) {
        for (Pair& pair : pairs_) end(pair);
        pairs_.clear();
        drop_ = false;
      }
      if (mode == Mode::closed && listener_ >= 0) {
        ::close(listener_);
        listener_ = -1;
      }
      if (mode != Mode::closed && listener_ < 0) listen();
      done_ = wanted_;
    }
    const bool open = mode == Mode::open;
    fds.assign(
        {{.fd = wake_, .events = POLLIN, .revents = 0}, {.fd = open ? listener_ : -1, .events = POLLIN, .revents = 0}});
    if (open) {
      const auto events = [](const std::string& in, const std::string& out) {
        return static_cast<short>((in.size() < most ? POLLIN : 0) | (out.empty() ? 0 : POLLOUT));
      };
      for (const Pair& pair : pairs_) {
        fds.push_back({.fd = pair.client, .events = events(pair.to_server, pair.to_client), .revents = 0});
        fds.push_back({.fd = pair.server, .events = events(pair.to_client, pair.to_server), .revents = 0});
      }
    }
    ::poll(fds.data(), fds.size(), -1);
    if (fds[0].revents != 0) {
      eventfd_t ignored = 0;
      ::eventfd_read(wake_, &ignored);
      continue;  // what is wanted may have changed
    }
    for (std::size_t i = 0; 2 + 2 * i < fds.size();) {
      if (pass(pairs_[i], fds[2 + 2 * i].revents, fds[3 + 2 * i].revents)) {
        ++i;
        continue;
      }
      end(pairs_[i]);
      pairs_.erase(pairs_.begin() + static_cast<std::ptrdiff_t>(i));
      const auto gone = fds.begin() + static_cast<std::ptrdiff_t>(2 + 2 * i);
      fds.erase(gone, gone + 2);
    }
    if (fds[1].revents != 0) accept();
  }
}

}  // namespace test
