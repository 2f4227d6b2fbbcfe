#pragma once

#include <string>

namespace test {

struct HttpAnswer {
  int status = 0;
  std::string type;  ///< Content-Type
  std::string body;
};

/// Fetches `http://127.0.0.1:PORT/...`, or `target` from a Unix socket "unix:/PATH". Throws std::runtime_error if nothing
/// listens there, or after a time that no healthy run needs.
HttpAnswer http_get(const std::string& address, const std::string& target = "/metrics");

/// Escapes a text for the query of a URL: "a b" -> "a%20b".
std::string url_encoded(const std::string& text);

}  // namespace test
