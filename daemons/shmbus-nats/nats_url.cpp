#include "nats_url.hpp"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstddef>

namespace shmbus::bridge {
namespace {

constexpr std::string_view separator = "://";

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && rest == text.data() + text.size() && port > 0 && port <= 65'535;
}

bool is_host(std::string_view text) {
  static constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  if (text.starts_with('[') && text.ends_with(']')) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    return ::inet_pton(AF_INET6, std::string{text.substr(1, text.size() - 2)}.c_str(), address.data()) == 1;
  }
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

}  // namespace

bool is_nats_url(std::string_view text) {
  if (!text.starts_with("nats://") && !text.starts_with("tls://")) return false;
  text.remove_prefix(text.find(separator) + separator.size());
  if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
    if (at == 0 || text.find_first_of("/ ") < at) return false;
    text.remove_prefix(at + 1);
  }
  const std::size_t colon = text.find(':', text.starts_with('[') ? text.find(']') : 0);
  if (colon == std::string_view::npos) return is_host(text);
  return is_host(text.substr(0, colon)) && is_port(text.substr(colon + 1));
}

bool logs_in(std::string_view url) { return url.find('@') != std::string_view::npos; }

std::string without_login(std::string_view url) {
  const std::size_t at = url.rfind('@'), scheme = url.find(separator);
  if (at == std::string_view::npos) return std::string{url};
  const std::string_view before = scheme < at ? url.substr(0, scheme + separator.size()) : std::string_view{};
  return std::string{before}.append("...").append(url.substr(at));
}

}  // namespace shmbus::bridge
