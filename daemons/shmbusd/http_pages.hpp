#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <prometheus/collectable.h>

#include "health.hpp"

namespace shmbus::daemon {

/// The answer to a request.
struct HttpPage {
  unsigned status = 200;
  std::string type;  ///< Content-Type
  std::string body;
};

/// The pages that shmbusd serves: `/metrics` for Prometheus, `/health` for probes, and `/`, which links both. Each request
/// gets a new page.
class HttpPages {
 public:
  HttpPages(std::shared_ptr<prometheus::Collectable> metrics, std::shared_ptr<const Health> health);

  /// The page of a request's target. Text after a `?` is ignored.
  HttpPage page(std::string_view target) const;

 private:
  HttpPage start_page() const;

  std::shared_ptr<prometheus::Collectable> metrics_;
  std::shared_ptr<const Health> health_;
};

}  // namespace shmbus::daemon
