#include <catch2/catch.hpp>

#include <chrono>
#include <string>

#include "time_text.hpp"

using namespace shmbus::tool;
using namespace std::chrono_literals;
using shmbus::Time;

namespace {
const Time noon = Time{} + 1'714'564'800s;  // 2024-05-01T12:00:00Z
}

TEST_CASE("times are printed in RFC 3339 to the nanosecond", "[tool]") {
  CHECK(rfc3339(noon) == "2024-05-01T12:00:00.000000000Z");
  CHECK(rfc3339(noon + 1ns) == "2024-05-01T12:00:00.000000001Z");
  CHECK(rfc3339(Time{}) == "1970-01-01T00:00:00.000000000Z");
}

TEST_CASE("a printed time is read back as the same time", "[tool]") {
  for (const Time time : {Time{}, noon, noon + 123'456'789ns, noon + 29 * 24h}) {
    CHECK(parse_time(rfc3339(time), noon) == time);
  }
}

TEST_CASE("RFC 3339 times are read with zone and fraction", "[tool]") {
  CHECK(parse_time("2024-05-01T12:00:00Z", {}) == noon);
  CHECK(parse_time("2024-05-01t12:00:00z", {}) == noon);
  CHECK(parse_time("2024-05-01 12:00:00Z", {}) == noon);
  CHECK(parse_time("2024-05-01T14:00:00+02:00", {}) == noon);
  CHECK(parse_time("2024-05-01T06:30:00-05:30", {}) == noon);
  CHECK(parse_time("2024-05-01T12:00:00.25Z", {}) == noon + 250ms);
  CHECK(parse_time("2024-02-29T00:00:00Z", {}).has_value());
  CHECK(parse_time("2016-12-31T23:59:60Z", {}) == parse_time("2017-01-01T00:00:00Z", {}));
}

TEST_CASE("seconds since 1970 are read exactly", "[tool]") {
  CHECK(parse_time("0", noon) == Time{});
  CHECK(parse_time("1714564800", {}) == noon);
  CHECK(parse_time("1714564800.000000001", {}) == noon + 1ns);
}

TEST_CASE("an age is subtracted from the current time", "[tool]") {
  CHECK(parse_time("-5s", noon) == noon - 5s);
  CHECK(parse_time("-250ms", noon) == noon - 250ms);
  CHECK(parse_time("-10m", noon) == noon - 10min);
  CHECK(parse_time("-1.5h", noon) == noon - 90min);
  CHECK(parse_time("-2d", noon) == noon - 48h);
  CHECK(parse_time("-99999d", noon) == Time{});
}

TEST_CASE("text that is not a time is refused", "[tool]") {
  for (const char* text : {"",
                           "-",
                           "now",
                           "5s",
                           "-5",
                           "-s",
                           "-5y",
                           "-5 s",
                           "--5s",
                           "1.",
                           ".5",
                           "1.2.3",
                           "1.0000000001",
                           "+5",
                           "99999999999999999999",
                           "-999999999999d",
                           "2024-05-01",
                           "2024-05-01T12:00:00",
                           "2024-02-30T00:00:00Z",
                           "2023-02-29T00:00:00Z",
                           "2024-13-01T00:00:00Z",
                           "2024-05-01T24:00:00Z",
                           "2024-05-01T12:60:00Z",
                           "2024-05-01T12:00:61Z",
                           "2024-05-01T12:00:00.Z",
                           "2024-05-01T12:00:00+2:00",
                           "2024-05-01T12:00:00Zx",
                           "1969-12-31T23:59:59Z",
                           "2300-01-01T00:00:00Z"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_time(text, noon).has_value());
  }
}

TEST_CASE("a time of the same day is shown as its time of day, another with its date", "[tool]") {
  const shmbus::Time time{1'714'564'800s + 123'456'789ns};
  const std::string clock = clock_text(time, time);
  CHECK(clock.size() == std::string{"14:03:07.123456"}.size());
  CHECK_THAT(clock, Catch::EndsWith(":00.123456"));
  const std::string later = clock_text(time, time + 48h);
  CHECK(later.size() == std::string{"2024-05-01 14:03:07.123456"}.size());
  CHECK_THAT(later, Catch::StartsWith("2024-0") && Catch::EndsWith(clock));
}

TEST_CASE("a duration needs a unit", "[tool]") {
  CHECK(parse_duration("500ms") == 500ms);
  CHECK(parse_duration("1.5h") == 90min);
  CHECK_FALSE(parse_duration("5"));
  CHECK_FALSE(parse_duration("s"));
  CHECK_FALSE(parse_duration("-5s"));
}
