// The pages that shmbusd serves, without a socket.

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "shmbusd/health.hpp"
#include "shmbusd/http_pages.hpp"

using namespace std::chrono_literals;
using shmbus::daemon::Health;
using shmbus::daemon::HttpPages;

namespace {

struct NoMetrics : prometheus::Collectable {
  std::vector<prometheus::MetricFamily> Collect() const override { return {}; }
};

struct Pages {
  std::shared_ptr<Health> health = std::make_shared<Health>();
  HttpPages pages{std::make_shared<NoMetrics>(), health};
};

}  // namespace

TEST_CASE("health is bad before the first look at the buses, good after it, and bad when no look follows for long",
          "[shmbusd]") {
  Health health;
  health.expect(1s);
  CHECK_FALSE(health.report().good);
  const auto now = Health::Clock::now();
  health.looked({"a", "b"}, now);
  CHECK(health.report(now + 310ms).good);
  CHECK(health.report(now + 310ms).text == "ok: looked at 2 buses 310 ms ago");
  CHECK(health.report(now + 13s).good);
  CHECK_FALSE(health.report(now + 14s).good);
  CHECK(health.report(now + 136s).text == "not ok: the last look was 2m16s ago, and one is due every 1.00 s");
  health.expect(1h);
  CHECK(health.report(now + 136s).good);
}

TEST_CASE("the start page links the others and names the buses, and an unknown page gives an error in words",
          "[shmbusd]") {
  const Pages p;
  CHECK_THAT(p.pages.page("/").body, Catch::Contains("not ok: there was no look yet") && Catch::Contains("Buses: none"));
  CHECK(p.pages.page("/health").status == 503);
  p.health->looked({"a", "b"});
  CHECK_THAT(p.pages.page("/").body, Catch::Contains("href=\"metrics\"") && Catch::Contains("href=\"health\"") &&
                                         Catch::Contains("Buses: a, b"));
  CHECK(p.pages.page("/health").status == 200);
  CHECK(p.pages.page("/metrics").status == 200);
  CHECK(p.pages.page("/metrics?format=text").status == 200);
  CHECK(p.pages.page("/nothing").status == 404);
  CHECK_THAT(p.pages.page("").body, Catch::Contains("/health"));
}

TEST_CASE("the start page shows the export of traces, where there is one", "[shmbusd]") {
  CHECK_THAT(Pages{}.pages.page("/").body, !Catch::Contains("<p></p>"));
  const HttpPages pages{std::make_shared<NoMetrics>(), std::make_shared<Health>(), [] { return "Traces go to <h>"; }};
  CHECK_THAT(pages.page("/").body, Catch::Contains("<p>Traces go to &lt;h></p>"));
}
