#include <catch2/catch.hpp>

#include <chrono>
#include <string>

#include "shmbus/error.hpp"
#include "start_option.hpp"

using namespace shmbus;
using namespace std::chrono_literals;

namespace {

const Time now = Time{} + 1'714'564'800s;

void check(const char* text, Start expected) {
  CAPTURE(text);
  const Start start = tool::parse_start(text, now);
  CHECK(start.kind() == expected.kind());
  CHECK(start.value() == expected.value());
}

}  // namespace

TEST_CASE("the option --from accepts the name of each start", "[tool]") {
  check("latest", Start::latest());
  check("oldest", Start::oldest());
  check("seq:1", Start::sequence(1));
  check("seq:9223372036854775807", Start::sequence(9'223'372'036'854'775'807u));
  check("last:0", Start::last(0));
  check("last:10", Start::last(10));
  check("time:1714564799.5", Start::time(now - 500ms));
  check("time:2024-05-01T12:00:00Z", Start::time(now));
  check("time:-10m", Start::time(now - 10min));
}

TEST_CASE("a --from that cannot be read says what was expected, what was found and where to look", "[tool]") {
  for (const char* text :
       {"", "newest", "Latest", "seq", "seq:", "seq:0", "seq:-1", "seq:1x", "seq: 1", "seq:9223372036854775808",
        "last:", "last:x", "last:-1", "time:", "time:yesterday", "time:2024-05-01T12:00:00", "sequence:4", ":"}) {
    CAPTURE(text);
    try {
      tool::parse_start(text, now);
      FAIL_CHECK("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::invalid_option);
      CHECK_FALSE(error.expected().empty());
      CHECK(error.found() == "'" + std::string{text} + "'");
      CHECK_FALSE(error.remedy().empty());
    }
  }
}
