#pragma once

#include <memory>
#include <string>

#include "http_pages.hpp"

namespace shmbus::daemon {

/// Where the pages are served by HTTP; gone with the object.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  /// Where the metrics are, with the port that was chosen: "http://127.0.0.1:9871/metrics", or "unix:/PATH".
  virtual std::string address() const = 0;
};

/// `listen` as in Settings, not empty. A Unix socket that nobody listens at any more is replaced. Throws
/// std::runtime_error where the address is not to be had: it names the address, what is wrong, the process that
/// listens there if it can be known, and what to do.
std::unique_ptr<Endpoint> open_endpoint(const std::string& listen, std::shared_ptr<const HttpPages> pages);

}  // namespace shmbus::daemon
