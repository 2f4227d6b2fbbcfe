#pragma once

#include <string>

namespace test {

struct HttpAnswer {
  int status = 0;
  std::string type;  ///< Content-Type
  std::string body;
};

/// Fetches `http://127.0.0.1:PORT/...`, or from a Unix socket "unix:/PATH" what `target` names there. Throws
/// std::runtime_error where nobody listens, or after a time no healthy run comes near.
HttpAnswer http_get(const std::string& address, const std::string& target = "/metrics");

/// For the query of an address: "a b" -> "a%20b".
std::string url_encoded(const std::string& text);

}  // namespace test
