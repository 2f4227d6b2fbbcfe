// How long a daemon waits before it tries again.

#include "retry_delay.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using shmbus::Time;
using shmbus::daemon::parse_retry_after;
using shmbus::daemon::RetryDelay;

TEST_CASE("each wait is drawn between half and all of twice the last one, up to a limit", "[daemon]") {
  RetryDelay delay{Catch::rngSeed()};
  std::chrono::nanoseconds step = RetryDelay::first;
  for (int i = 0; i < 20; ++i) {
    const auto wait = delay.next();
    CHECK(wait >= step / 2);
    CHECK(wait <= step);
    step = std::min<std::chrono::nanoseconds>(2 * step, RetryDelay::most);
  }
  CHECK(step == RetryDelay::most);
  delay.reset();
  CHECK(delay.next() <= RetryDelay::first);
}

TEST_CASE("two daemons do not wait equally long", "[daemon]") {
  RetryDelay a{1}, b{2};
  int equal = 0;
  for (int i = 0; i < 10; ++i) equal += a.next() == b.next() ? 1 : 0;
  CHECK(equal < 5);
}

TEST_CASE("Retry-After is read in seconds and as a date, from now to an hour", "[daemon]") {
  const Time now{784'111'777s};  // Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110
  CHECK(parse_retry_after("0", now) == 0ns);
  CHECK(parse_retry_after("120", now) == 2min);
  CHECK(parse_retry_after("3601", now) == 1h);
  CHECK(parse_retry_after("99999999999999999999", now) == 1h);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now) == 0ns);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now) == 30s);
  CHECK(parse_retry_after("Sat, 05 Nov 1994 08:50:07 GMT", now) == 0ns);
  CHECK(parse_retry_after("Wed, 01 Jan 2500 00:00:00 GMT", now) == 1h);
  for (const char* bad : {"", "-1", "1.5", "soon", "1 s", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Foo 1994 08:49:37 GMT",
                          "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 0x Nov 1994 08:49:37 GMT"}) {
    CAPTURE(bad);
    CHECK(parse_retry_after(bad, now) == std::nullopt);
  }
}
