#include "base/topic_name.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "support/refusal.hpp"

using shmbus::base::TopicName;

namespace {

/// The constructor and `parse` agree.
void check_valid(const std::string& text) {
  CAPTURE(text);
  CHECK(TopicName(text).text() == text);
  CHECK(TopicName::parse(text) == TopicName(text));
}

void check_invalid(const std::string& text) {
  CAPTURE(text);
  test::expect_refusal({shmbus::ErrorCode::invalid_name, "topic name '"}, [&] { TopicName{text}; });
  CHECK_FALSE(TopicName::parse(text));
}

}  // namespace

TEST_CASE("a topic name is tokens joined by dots", "[names]") {
  for (const char* good : {"a", "video.watch_started", "a.b.c.d", "a-1.B_2"}) check_valid(good);
  check_valid(std::string(127, 'x'));
  for (const char* bad : {"", ".", "a.", ".a", "a..b", "a b", "a/b", "a.*", "a.>", "*", "\xc3\xa9"}) check_invalid(bad);
  check_invalid(std::string(128, 'x'));
}

TEST_CASE("a pattern where a topic's name is expected is refused with a remedy of its own", "[names]") {
  for (const char* pattern : {"a.*", "a.>"}) {
    test::expect_refusal({shmbus::ErrorCode::invalid_name, pattern, "joined by dots", "the token"},
                         [&] { TopicName{pattern}; });
    CHECK_THROWS_WITH(TopicName{pattern}, Catch::Contains("patterns are for subscribers"));
  }
}
