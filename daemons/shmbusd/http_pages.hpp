#pragma once

#include <functional>
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
  /// `traces` returns a line on the export of traces for the start page; an empty one is left out.
  HttpPages(std::shared_ptr<prometheus::Collectable> metrics, std::shared_ptr<const Health> health,
            std::function<std::string()> traces = [] { return std::string{}; });

  /// The page of a request's target. Text after a `?` is ignored.
  HttpPage page(std::string_view target) const;

 private:
  HttpPage start_page() const;

  std::shared_ptr<prometheus::Collectable> metrics_;
  std::shared_ptr<const Health> health_;
  std::function<std::string()> traces_;
};

}  // namespace shmbus::daemon
