#include "base/pattern.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "shmbus/pattern.hpp"
#include "support/refusal.hpp"

using shmbus::base::Pattern;
using shmbus::base::TopicName;

namespace {

/// The constructor and `parse` agree.
void check_valid(const std::string& text) {
  CAPTURE(text);
  CHECK(Pattern(text).text() == text);
  CHECK(Pattern::parse(text) == Pattern(text));
}

void check_invalid(const std::string& text) {
  CAPTURE(text);
  test::expect_refusal({shmbus::ErrorCode::invalid_name, "pattern '"}, [&] { Pattern{text}; });
  CHECK_FALSE(Pattern::parse(text));
}

bool covers(const char* pattern, const char* topic) {
  const bool covered = Pattern(pattern).covers(TopicName(topic));
  CHECK(shmbus::matches(pattern, topic) == covered);
  return covered;
}

}  // namespace

TEST_CASE("a pattern may have '*' for any token, and '>' as the last token", "[names]") {
  for (const char* good : {"a", "*", ">", "a.*", "*.b", "a.*.c", "a.>", "*.>", "*.*"}) check_valid(good);
  check_valid(std::string(127, 'x'));
  for (const char* bad : {"", "a.", ".*", ">.a", "a.>.b", "a*", "*a.b", "a.b>", "**", ">>", "a..>"}) check_invalid(bad);
  check_invalid(std::string(128, 'x'));
}

TEST_CASE("a pattern matches the topics it describes", "[names]") {
  CHECK(covers("a.b", "a.b"));
  CHECK_FALSE(covers("a.b", "a.c"));
  CHECK_FALSE(covers("a.b", "a"));
  CHECK_FALSE(covers("a", "a.b"));
  CHECK_FALSE(covers("a.b", "a.bc"));
  CHECK_FALSE(covers("a.bc", "a.b"));
  CHECK(covers("*", "a"));
  CHECK_FALSE(covers("*", "a.b"));
  CHECK(covers("a.*", "a.b"));
  CHECK_FALSE(covers("a.*", "a"));
  CHECK_FALSE(covers("a.*", "a.b.c"));
  CHECK(covers("*.b", "a.b"));
  CHECK(covers("a.*.c", "a.b.c"));
  CHECK_FALSE(covers("a.*.c", "a.b.d"));
  CHECK(covers(">", "a"));
  CHECK(covers(">", "a.b.c"));
  CHECK(covers("a.>", "a.b"));
  CHECK(covers("a.>", "a.b.c"));
  CHECK_FALSE(covers("a.>", "a"));
  CHECK_FALSE(covers("a.>", "ab.c"));
  CHECK(covers("*.>", "a.b"));
  CHECK_FALSE(covers("*.>", "a"));
}

TEST_CASE("a pattern matches no invalid topic name", "[names]") {
  for (const char* topic : {"", "a.", "a..b", "a.*", "a b"}) CHECK_FALSE(shmbus::matches(">", topic));
}

TEST_CASE("a pattern without '*' and '>' names one topic", "[names]") {
  for (const char* wildcard : {"a.*", ">"}) {
    CHECK(Pattern(wildcard).has_wildcard());
    CHECK_FALSE(Pattern(wildcard).topic());
  }
  CHECK_FALSE(Pattern("a.b-c_d").has_wildcard());
  CHECK(Pattern("a.b-c_d").topic() == TopicName("a.b-c_d"));
}
