#include "http_pages.hpp"

#include <utility>

#include <fmt/format.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace shmbus::daemon {
namespace {

constexpr const char* plain_text = "text/plain; charset=utf-8";

/// Quotes text for HTML. A health report may hold a server's words.
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

HttpPages::HttpPages(Parts parts) : parts_(std::move(parts)) {}

HttpPage HttpPages::page(std::string_view target) const {
  target = target.substr(0, target.find('?'));
  if (target == "/metrics")
    return {200, "text/plain; version=0.0.4; charset=utf-8",
            prometheus::TextSerializer{}.Serialize(parts_.metrics->Collect())};
  if (target == "/health") {
    const HealthReport report = parts_.health();
    return {report.good ? 200u : 503u, plain_text, report.text + '\n'};
  }
  if (target == "/") return start_page();
  return {404, plain_text, "no such page; there are /metrics, /health and /\n"};
}

HttpPage HttpPages::start_page() const {
  std::string lines;
  for (const std::string& line : parts_.lines()) lines += fmt::format("<p>{}</p>\n", quoted(line));
  std::string page = fmt::format(R"(<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{0}</title></head>
<body>
<h1>{0} {1}</h1>
<p>{2}</p>
<ul>
<li><a href="metrics">metrics</a>, for Prometheus</li>
<li><a href="health">health</a>: {3}</li>
</ul>
{4}</body>
</html>
)",
                                 quoted(parts_.title), SHMBUS_VERSION, quoted(parts_.sentence),
                                 quoted(parts_.health().text), lines);
  return {200, "text/html; charset=utf-8", std::move(page)};
}

}  // namespace shmbus::daemon
