// Whether shmbusd still looks at its buses.

#include "shmbusd/health.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using shmbus::daemon::Health;

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
