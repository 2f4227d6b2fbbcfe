// How a configuration writes times.

#include "duration_setting.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using shmbus::daemon::duration_setting;
using shmbus::daemon::parse_duration;

TEST_CASE("durations have whole numbers and units, longer units before shorter ones", "[daemon]") {
  CHECK(parse_duration("2m16s") == 136s);
  CHECK(parse_duration("1h2m3s4ms") == 1h + 2min + 3s + 4ms);
  for (const char* bad : {"16s2m", "2m2m", "2m16", "2m 16s", "2m-1s", "87600h1s", "2m16x"}) {
    CAPTURE(bad);
    CHECK(!parse_duration(bad));
  }
  CHECK(parse_duration("0s") == 0ns);
  CHECK(parse_duration("15ms") == 15ms);
  CHECK(parse_duration("3m") == 3min);
  CHECK(parse_duration("1h") == 1h);
  for (const char* bad : {"", "5", "s", "-1s", "1.5s", "5 s", "5d", "99999999999999999999s", "9999999999999h"}) {
    CAPTURE(bad);
    CHECK(!parse_duration(bad));
  }
}

TEST_CASE("a duration is written in the longest unit that leaves a whole number", "[daemon]") {
  CHECK(duration_setting(0s) == "0s");
  CHECK(duration_setting(90s) == "90s");
  CHECK(duration_setting(2min) == "2m");
  CHECK(duration_setting(87600h) == "87600h");
  CHECK(duration_setting(1500ms) == "1500ms");
}
