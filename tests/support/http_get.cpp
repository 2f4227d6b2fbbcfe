#include "support/http_get.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "support/time_limits.hpp"

namespace test {
namespace {

class Connection {
 public:
  Connection(int family, const sockaddr* address, socklen_t length)
      : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval timeout{.tv_sec = patience.count(), .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    if (::connect(fd_, address, length) != 0) {
      const int error = errno;
      ::close(fd_);
      throw std::system_error(error, std::generic_category(), "connect");
    }
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { ::close(fd_); }

  /// Sends the request, and reads the answer to its end.
  std::string ask(std::string_view request) {
    while (!request.empty()) {
      const ssize_t size = ::send(fd_, request.data(), request.size(), MSG_NOSIGNAL);
      if (size < 0) throw std::system_error(errno, std::generic_category(), "send");
      request.remove_prefix(static_cast<std::size_t>(size));
    }
    std::string answer;
    std::array<char, 65536> piece;
    for (;;) {
      const ssize_t size = ::recv(fd_, piece.data(), piece.size(), 0);
      if (size < 0) throw std::system_error(errno, std::generic_category(), "recv");
      if (size == 0) return answer;
      answer.append(piece.data(), static_cast<std::size_t>(size));
    }
  }

 private:
  int fd_;
};

std::string ask(const std::string& address, const std::string& request) {
  if (address.starts_with("unix:")) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    address.copy(to.sun_path, sizeof to.sun_path - 1, 5);
    return Connection(AF_UNIX, reinterpret_cast<sockaddr*>(&to), sizeof to).ask(request);
  }
  static constexpr std::string_view prefix = "http://127.0.0.1:";
  if (!address.starts_with(prefix)) throw std::runtime_error("no address of this machine: " + address);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoul(address.substr(prefix.size()))));
  return Connection(AF_INET, reinterpret_cast<sockaddr*>(&to), sizeof to).ask(request);
}

}  // namespace

HttpAnswer http_get(const std::string& address, const std::string& target) {
  // HTTP 1.0: the answer is not split into chunks, and ends with the connection.
  const std::string answer = ask(address, "GET " + target + " HTTP/1.0\r\nHost: localhost\r\n\r\n");
  const std::size_t body = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.") || body == std::string::npos) throw std::runtime_error("no answer: " + answer);
  HttpAnswer result{
      .status = std::stoi(answer.substr(answer.find(' ') + 1)), .type = {}, .body = answer.substr(body + 4)};
  static constexpr std::string_view type = "\r\nContent-Type: ";
  if (const std::size_t at = answer.find(type); at < body)
    result.type = answer.substr(at + type.size(), answer.find("\r\n", at + 2) - at - type.size());
  return result;
}

std::string url_encoded(const std::string& text) {
  std::string encoded;
  for (const char c : text) {
    std::array<char, 4> code{};
    std::snprintf(code.data(), code.size(), "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    encoded += std::isalnum(static_cast<unsigned char>(c)) != 0 ? std::string{c} : std::string{code.data()};
  }
  return encoded;
}

}  // namespace test
