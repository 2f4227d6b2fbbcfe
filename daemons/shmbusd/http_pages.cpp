#include "http_pages.hpp"

#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace shmbus::daemon {
namespace {

constexpr const char* plain_text = "text/plain; charset=utf-8";

/// Quotes text for HTML. Names of buses don't need it, but other texts do.
std::string quoted(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '<':
        safe += "&lt;";
        break;
      case '&':
        safe += "&amp;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

}  // namespace

HttpPages::HttpPages(std::shared_ptr<prometheus::Collectable> metrics, std::shared_ptr<const Health> health,
                     std::function<std::string()> traces)
    : metrics_(std::move(metrics)), health_(std::move(health)), traces_(std::move(traces)) {}

HttpPage HttpPages::page(std::string_view target) const {
  target = target.substr(0, target.find('?'));
  if (target == "/metrics")
    return {200, "text/plain; version=0.0.4; charset=utf-8", prometheus::TextSerializer{}.Serialize(metrics_->Collect())};
  if (target == "/health") {
    const Health::Report report = health_->report();
    return {report.good ? 200u : 503u, plain_text, report.text + '\n'};
  }
  if (target == "/") return start_page();
  return {404, plain_text, "no such page; there are /metrics, /health and /\n"};
}

HttpPage HttpPages::start_page() const {
  const Health::Report report = health_->report();
  const std::string traces = traces_();
  return {200, "text/html; charset=utf-8",
          fmt::format(R"(<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>shmbusd</title></head>
<body>
<h1>shmbusd {}</h1>
<p>Housekeeping and metrics for the shmbus buses of this machine.</p>
<ul>
<li><a href="metrics">metrics</a>, for Prometheus</li>
<li><a href="health">health</a>: {}</li>
</ul>
<p>Buses: {}</p>
{}</body>
</html>
)",
                      SHMBUS_VERSION, quoted(report.text),
                      report.buses.empty() ? "none" : quoted(fmt::format("{}", fmt::join(report.buses, ", "))),
                      traces.empty() ? "" : fmt::format("<p>{}</p>\n", quoted(traces)))};
}

}  // namespace shmbus::daemon
