#pragma once

#include <chrono>
#include <string>

#include "http_url.hpp"

namespace shmbus::tracing {

struct HttpReply {
  unsigned status = 0;
  std::string reason;       ///< the words after the status
  std::string retry_after;  ///< the header of that name; empty: none
  std::string body;         ///< its first 64 KiB
};

/// Sends a document and waits for the reply. *Throws* std::system_error, with the address, where no reply came: the host
/// is not known, nobody listens, or `patience` is over.
HttpReply http_post(const HttpUrl& url, const std::string& type, const std::string& body,
                    std::chrono::milliseconds patience = std::chrono::seconds{10});

}  // namespace shmbus::tracing
