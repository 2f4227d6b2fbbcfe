#include "listen_address.hpp"

#include <arpa/inet.h>
#include <sys/un.h>

#include <array>
#include <charconv>
#include <cstddef>

namespace shmbus::daemon {
namespace {

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && rest == text.data() + text.size() && port <= 65'535;
}

}  // namespace

/// Numeric addresses only: who can reach the metrics must not depend on a name service.
bool is_listen_address(const std::string& text) {
  if (text.empty()) return true;
  if (text.starts_with(unix_prefix)) {
    const std::string path = text.substr(unix_prefix.size());
    return path.starts_with('/') && path.size() < sizeof(sockaddr_un::sun_path);
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || !is_port(std::string_view{text}.substr(colon + 1))) return false;
  std::array<unsigned char, sizeof(in6_addr)> address{};
  const std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    return ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), address.data()) == 1;
  return ::inet_pton(AF_INET, host.c_str(), address.data()) == 1;
}

}  // namespace shmbus::daemon
