#include "endpoint.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/system/system_error.hpp>

#include "http_listener.hpp"
#include "listen_address.hpp"
#include "printable_text.hpp"
#include "socket_owner.hpp"

namespace shmbus::daemon {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using Unix = asio::local::stream_protocol;
using Pages = std::shared_ptr<const HttpPages>;

class TcpEndpoint : public Endpoint {
 public:
  TcpEndpoint(const std::string& host, std::uint16_t port, Pages pages)
      : host_(host), listener_({asio::ip::make_address(without_brackets(host)), port}, std::move(pages)) {}
  std::string address() const override {
    return fmt::format("http://{}:{}/metrics", host_, listener_.address().port());
  }

 private:
  static std::string without_brackets(const std::string& host) {
    return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
  }

  std::string host_;
  HttpListener<Tcp> listener_;
};

bool is_socket(const std::string& path) {
  struct stat file {};
  return ::lstat(path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode);
}

/// Removes the socket file of a listener that died, and nothing else.
std::string without_abandoned(const std::string& path) {
  asio::io_context io;
  boost::system::error_code error;
  if (is_socket(path)) Unix::socket(io).connect(Unix::endpoint{path}, error);
  if (error == asio::error::connection_refused) ::unlink(path.c_str());
  return path;
}

class UnixEndpoint : public Endpoint {
 public:
  UnixEndpoint(const std::string& path, Pages pages)
      : path_(path), listener_(Unix::endpoint{without_abandoned(path)}, std::move(pages)) {}
  UnixEndpoint(const UnixEndpoint&) = delete;
  UnixEndpoint& operator=(const UnixEndpoint&) = delete;
  ~UnixEndpoint() override { ::unlink(path_.c_str()); }
  std::string address() const override { return "unix:" + path_; }

 private:
  std::string path_;
  HttpListener<Unix> listener_;
};

std::string owner_text(const std::optional<SocketOwner>& owner) {
  return owner ? fmt::format(" by {} (pid {})", tool::printable(owner->program), owner->pid) : std::string{};
}

/// What is wrong with an address that is in use, and what to do.
std::string in_use(const std::optional<SocketOwner>& owner) {
  return fmt::format("the address is in use{}; {}, or set metrics.listen to another one", owner_text(owner),
                     owner ? "end that process" : "find out which process listens there (ss -lp)");
}

[[noreturn]] void refuse(const std::string& listen, const std::string& what) {
  throw std::runtime_error(fmt::format("metrics.listen \"{}\": {}", listen, what));
}

}  // namespace

std::unique_ptr<Endpoint> open_endpoint(const std::string& listen, std::shared_ptr<const HttpPages> pages) {
  const bool is_unix = listen.starts_with(unix_prefix);
  const std::string path = is_unix ? listen.substr(unix_prefix.size()) : std::string{};
  const std::size_t colon = listen.rfind(':');
  std::uint16_t port = 0;
  std::from_chars(listen.data() + colon + 1, listen.data() + listen.size(), port);
  try {
    if (is_unix) return std::make_unique<UnixEndpoint>(path, std::move(pages));
    return std::make_unique<TcpEndpoint>(listen.substr(0, colon), port, std::move(pages));
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::address_in_use)
      refuse(listen, fmt::format("can't listen there: {}; set metrics.listen to an address of this machine that this "
                                 "user may use",
                                 error.code().message()));
    if (is_unix && !is_socket(path))
      refuse(listen, "there is a file of that name that is not a socket; remove it, or set metrics.listen to another "
                     "path");
    refuse(listen, in_use(is_unix ? unix_listener(path) : tcp_listener(port)));
  }
}

}  // namespace shmbus::daemon
