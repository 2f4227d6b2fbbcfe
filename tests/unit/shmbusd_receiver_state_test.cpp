// What shmbusd logs of a receiver of traces that is away.

#include "shmbusd/receiver_state.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using shmbus::daemon::ReceiverState;

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
