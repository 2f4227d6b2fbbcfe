// The pages that a daemon serves, without a socket.

#include "http_pages.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

using shmbus::daemon::HealthReport;
using shmbus::daemon::HttpPages;

namespace {

struct OneMetric : prometheus::Collectable {
  std::vector<prometheus::MetricFamily> Collect() const override {
    prometheus::MetricFamily family{"ready", "Whether it is ready.", prometheus::MetricType::Gauge, {{}}};
    family.metric.front().gauge.value = 1;
    return {family};
  }
};

struct Pages {
  HealthReport health{false, "not ok: no <server>"};
  std::vector<std::string> lines;
  HttpPages pages{{.title = "a & b",
                   .sentence = "It does <this>.",
                   .metrics = std::make_shared<OneMetric>(),
                   .health = [this] { return health; },
                   .lines = [this] { return lines; }}};
};

}  // namespace

TEST_CASE("the start page names the daemon, its health and its lines, and links the others", "[daemon]") {
  Pages p;
  const std::string empty = p.pages.page("/").body;
  CHECK_THAT(empty, Catch::Contains("<title>a &amp; b</title>") && Catch::Contains("<h1>a &amp; b ") &&
                        Catch::Contains("<p>It does &lt;this>.</p>") && Catch::Contains("href=\"metrics\"") &&
                        Catch::Contains("<a href=\"health\">health</a>: not ok: no &lt;server>"));
  CHECK_THAT(empty, Catch::Contains("</ul>\n</body>"));
  p.lines = {"One.", "Two <2>."};
  CHECK_THAT(p.pages.page("/").body, Catch::Contains("</ul>\n<p>One.</p>\n<p>Two &lt;2>.</p>\n</body>"));
}

TEST_CASE("the health page has the status that probes look at", "[daemon]") {
  Pages p;
  CHECK(p.pages.page("/health").status == 503);
  CHECK(p.pages.page("/health").body == "not ok: no <server>\n");
  p.health = {true, "ok"};
  CHECK(p.pages.page("/health").status == 200);
  CHECK(p.pages.page("/health").body == "ok\n");
}

TEST_CASE("the metrics are in Prometheus' text format, and text after a question mark is ignored", "[daemon]") {
  const Pages p;
  CHECK(p.pages.page("/metrics").status == 200);
  CHECK_THAT(p.pages.page("/metrics?format=text").body, Catch::Contains("\nready 1\n"));
}

TEST_CASE("an unknown page gives an error that names the others", "[daemon]") {
  const Pages p;
  CHECK(p.pages.page("/nothing").status == 404);
  CHECK_THAT(p.pages.page("").body, Catch::Contains("/health"));
}
