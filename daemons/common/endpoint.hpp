#pragma once

#include <memory>
#include <string>

#include "http_pages.hpp"

namespace shmbus::daemon {

/// The address at which the pages are served by HTTP. Destroying it ends the service.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  /// The address of the metrics, with the port in use: "http://127.0.0.1:9871/metrics", or "unix:/PATH".
  virtual std::string address() const = 0;
};

/// `listen` is a listen address, not empty. A Unix socket without a listener is replaced. Throws std::runtime_error if the
/// address can't be used: it names the address, what is wrong, the process that listens there if it is known, and what to
/// do.
std::unique_ptr<Endpoint> open_endpoint(const std::string& listen, std::shared_ptr<const HttpPages> pages);

}  // namespace shmbus::daemon
