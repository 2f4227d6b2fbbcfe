#pragma once

#include <memory>
#include <string>

#include <prometheus/collectable.h>

namespace shmbus::daemon {

/// Where Prometheus fetches the metrics; gone with the object.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  /// The address that it answers at, with the port that was chosen: "http://127.0.0.1:9871/metrics".
  virtual std::string address() const = 0;
};

/// `listen` as in Settings, not empty. Each request collects anew. Throws std::runtime_error where the address is not
/// to be had.
std::unique_ptr<Endpoint> open_endpoint(const std::string& listen,
                                        const std::shared_ptr<prometheus::Collectable>& metrics);

}  // namespace shmbus::daemon
