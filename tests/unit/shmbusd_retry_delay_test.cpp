// How long shmbusd waits before it sends traces again, and what it logs of a receiver that is away.

#include "shmbusd/retry_delay.hpp"

#include <catch2/catch.hpp>

#include "shmbusd/receiver_state.hpp"

using namespace std::chrono_literals;
using shmbus::Time;
using shmbus::daemon::parse_retry_after;
using shmbus::daemon::RareLine;
using shmbus::daemon::ReceiverState;
using shmbus::daemon::RetryDelay;

TEST_CASE("each wait is drawn between half and all of twice the last one, up to a limit", "[shmbusd]") {
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

TEST_CASE("two daemons do not wait equally long", "[shmbusd]") {
  RetryDelay a{1}, b{2};
  int equal = 0;
  for (int i = 0; i < 10; ++i) equal += a.next() == b.next() ? 1 : 0;
  CHECK(equal < 5);
}

TEST_CASE("Retry-After is read in seconds and as a date, from now to an hour", "[shmbusd]") {
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

TEST_CASE("a receiver that is away for long is named once, and once more when it is back", "[shmbusd]") {
  ReceiverState state;
  const ReceiverState::Clock::time_point start{};
  const std::string to = "http://h:4318";
  CHECK(state.failed(to, "refused", start) == std::nullopt);
  CHECK(state.failed(to, "refused", start + 9s) == std::nullopt);
  CHECK_THAT(state.failed(to, "refused", start + 12s).value_or(""),
             Catch::StartsWith("traces can't be sent to http://h:4318 for 12.0 s by now: refused; ") &&
                 Catch::Contains("start the receiver, or correct trace.endpoint"));
  CHECK(state.failed(to, "refused", start + 60s) == std::nullopt);
  CHECK(state.answered(to, start + 136s) == "traces are sent to http://h:4318 again, after 2m16s");
  CHECK(state.answered(to, start + 137s) == std::nullopt);
  CHECK(state.failed(to, "refused", start + 138s) == std::nullopt);
  CHECK(state.answered(to, start + 139s) == std::nullopt);  // not away for long: nothing was said
}

TEST_CASE("a line is let through once a second, with the number of those before it", "[shmbusd]") {
  RareLine rare;
  const RareLine::Clock::time_point start{};
  CHECK(rare.say("a", start) == "a");
  CHECK(rare.say("b", start + 400ms) == std::nullopt);
  CHECK(rare.say("c", start + 999ms) == std::nullopt);
  CHECK(rare.say("d", start + 1s) == "d (and 2 such messages before)");
  CHECK(rare.say("e", start + 2s) == "e");
}
