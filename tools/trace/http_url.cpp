#include "http_url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <stdexcept>

namespace shmbus::tracing {
namespace {

[[noreturn]] void refuse(std::string_view url, std::string_view why) {
  throw std::runtime_error(fmt::format("URL '{}': {}", url, why));
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

/// What may stand in a request's lines: no space and no control character, so that none can be added to.
bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

constexpr std::string_view http = "http://", https = "https://";

}  // namespace

std::string HttpUrl::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : '[' + host + ']';
  return port == "80" ? name : name + ':' + port;
}

bool is_url(std::string_view text) noexcept { return text.starts_with(http) || text.starts_with(https); }

HttpUrl parse_otlp_url(std::string_view text) {
  if (text.starts_with(https))
    refuse(text, "https is not supported; give the http address of a collector on this host, which can send on by TLS");
  if (!text.starts_with(http)) refuse(text, "expected http://HOST[:PORT][/PATH]");
  if (!is_plain(text)) refuse(text, "expected no space and no special character; write them as %20 and so on");
  const std::string_view rest = text.substr(http.size());
  const std::size_t slash = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, slash);
  if (authority.find('@') != std::string_view::npos) refuse(text, "a user name and password are not supported");
  HttpUrl url;
  url.target = rest.substr(slash);
  url.target = url.target.substr(0, url.target.find('#'));
  if (url.target.starts_with('?')) url.target.insert(0, 1, '/');
  if (url.target.empty() || url.target == "/") url.target = "/v1/traces";
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) refuse(text, "expected ']' after the address");
    url.host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
    if (!authority.empty() && !authority.starts_with(':')) refuse(text, "expected ':PORT' after ']'");
  } else {
    url.host = authority.substr(0, authority.find(':'));
    authority.remove_prefix(url.host.size());
  }
  if (url.host.empty()) refuse(text, "the host is missing");
  if (!authority.empty()) {
    url.port = authority.substr(1);
    if (!is_port(url.port)) refuse(text, "expected a port from 1 to 65535 after ':'");
  }
  return url;
}

}  // namespace shmbus::tracing
