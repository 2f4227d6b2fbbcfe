#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/collectable.h>

namespace shmbus::daemon {

/// The answer to a request.
struct HttpPage {
  unsigned status = 200;
  std::string type;  ///< Content-Type
  std::string body;
};

/// Whether a daemon works.
struct HealthReport {
  bool good = false;
  std::string text;  ///< one line: "ok: looked at 2 buses 310 ms ago"
};

/// The pages that a daemon serves: `/metrics` for Prometheus, `/health` for probes, and `/`, which links both. Each request
/// gets a new page, on the thread that serves.
class HttpPages {
 public:
  struct Parts {
    std::string title;     ///< the program's name
    std::string sentence;  ///< what it does
    std::shared_ptr<prometheus::Collectable> metrics;
    std::function<HealthReport()> health;
    /// Further lines of the start page.
    std::function<std::vector<std::string>()> lines = [] { return std::vector<std::string>{}; };
  };

  explicit HttpPages(Parts parts);

  /// The page of a request's target. Text after a `?` is ignored.
  HttpPage page(std::string_view target) const;

 private:
  HttpPage start_page() const;

  Parts parts_;
};

}  // namespace shmbus::daemon
