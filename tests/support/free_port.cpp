#include "support/free_port.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

namespace test {
namespace {

/// A socket that no second process can bind. Returns -1 where another has it.
int reserve(std::uint16_t port) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "shmbus-test-port-" + std::to_string(port);
  name.copy(address.sun_path + 1, sizeof address.sun_path - 2);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), length) == 0) return fd;
  ::close(fd);
  return -1;
}

bool is_free(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return bound;
}

}  // namespace

FreePort::FreePort() {
  std::random_device device;
  // Below the ephemeral ports, which begin at 32768.
  std::uniform_int_distribution<unsigned> ports{12'000, 32'000};
  for (int attempt = 0; attempt < 1000; ++attempt) {
    number_ = static_cast<std::uint16_t>(ports(device));
    if (!is_free(number_)) continue;
    reservation_ = reserve(number_);
    if (reservation_ >= 0) return;
  }
  throw std::runtime_error("no free port");
}

FreePort::FreePort(FreePort&& other) noexcept
    : number_(other.number_), reservation_(std::exchange(other.reservation_, -1)) {}

FreePort::~FreePort() {
  if (reservation_ >= 0) ::close(reservation_);
}

}  // namespace test
