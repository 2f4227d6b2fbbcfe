#include "demo/host_network.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include <fmt/format.h>

#include "demo/failure.hpp"

namespace demo {
namespace {

/// Moves this thread into a new network whose loopback is up, and returns the network; -1 if that is not allowed.
int enter_new_network() {
  if (::unshare(CLONE_NEWNET) != 0) return -1;
  ifreq loopback{};
  std::strcpy(loopback.ifr_name, "lo");
  loopback.ifr_flags = IFF_UP;
  const int any = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool up = any >= 0 && ::ioctl(any, SIOCSIFFLAGS, &loopback) == 0;
  if (any >= 0) ::close(any);
  return up ? ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC) : -1;
}

/// A listener on any port of 127.0.0.1; -1 and errno if there is none.
int listen_on_loopback() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (listener >= 0 && ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(listener, SOMAXCONN) == 0)
    return listener;
  const int problem = errno;
  if (listener >= 0) ::close(listener);
  errno = problem;
  return -1;
}

std::uint16_t port_of(int listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

}  // namespace

HostNetwork::HostNetwork() {
  // A thread of its own enters the network, so that all others stay where they are; a socket stays where it was made.
  std::thread([this] {
    namespace_ = enter_new_network();
    if (namespace_ >= 0) listener_ = listen_on_loopback();
  }).join();
  if (namespace_ < 0) listener_ = listen_on_loopback();
  if (listener_ < 0) {
    const int problem = errno;
    if (namespace_ >= 0) ::close(namespace_);
    throw Failure(fmt::format("a port of 127.0.0.1: expected to listen on it, found: {}", std::strerror(problem)));
  }
  port_ = port_of(listener_);
}

HostNetwork::~HostNetwork() {
  ::close(listener_);
  if (namespace_ >= 0) ::close(namespace_);
}

}  // namespace demo
