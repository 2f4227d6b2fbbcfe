// A log line that would come too often.

#include "rare_line.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using shmbus::daemon::RareLine;

TEST_CASE("a line is let through once a second, with the number of those before it", "[daemon]") {
  RareLine rare;
  const RareLine::Clock::time_point start{};
  CHECK(rare.say("a", start) == "a");
  CHECK(rare.say("b", start + 400ms) == std::nullopt);
  CHECK(rare.say("c", start + 999ms) == std::nullopt);
  CHECK(rare.say("d", start + 1s) == "d (and 2 such messages before)");
  CHECK(rare.say("e", start + 2s) == "e");
}
