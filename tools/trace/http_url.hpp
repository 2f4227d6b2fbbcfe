#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace shmbus::tracing {

/// "http://localhost:4318/v1/traces" in its parts.
struct HttpUrl {
  std::string host;  ///< an IPv6 address without its brackets
  std::string port = "80";
  std::string target = "/";  ///< path and query

  /// host:port, as the header Host has it.
  std::string authority() const;
};

/// True for what begins like an address and not like a file's name: "http://", "https://".
bool is_url(std::string_view text) noexcept;

/// Where to send traces: a URL without a path gets OTLP's, /v1/traces. *Throws* std::runtime_error, with what is wrong
/// and what to do; https is refused, because there is no TLS here.
HttpUrl parse_otlp_url(std::string_view text);

}  // namespace shmbus::tracing
