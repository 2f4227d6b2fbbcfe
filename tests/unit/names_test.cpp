#include <catch2/catch.hpp>

#include <string>

#include "base/names.hpp"
#include "shmbus/error.hpp"

using namespace shmbus::base;
using shmbus::Error;
using shmbus::ErrorCode;

namespace {

template <class Check>
bool accepts(Check check, const std::string& name) {
  try {
    check(name);
    return true;
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::invalid_name);
    CHECK_FALSE(e.expected().empty());
    CHECK_FALSE(e.found().empty());
    return false;
  }
}

bool bus(const std::string& name) {
  return accepts([](const auto& n) { check_bus_name(n); }, name);
}
bool topic(const std::string& name) {
  return accepts([](const auto& n) { check_topic_name(n); }, name);
}
bool pattern(const std::string& name) {
  return accepts([](const auto& n) { check_pattern(n); }, name);
}

}  // namespace

TEST_CASE("a bus name is one token of at most 32 bytes", "[registry]") {
  for (const char* good : {"a", "video", "A-Z_09", "0"}) CHECK(bus(good));
  CHECK(bus(std::string(32, 'x')));
  for (const char* bad : {"", "a.b", "a b", "a/b", "..", "\xc3\xa9", "a\n", "*", ">"}) CHECK_FALSE(bus(bad));
  CHECK_FALSE(bus(std::string(33, 'x')));
  CHECK_FALSE(bus(std::string("a\0b", 3)));
}

TEST_CASE("a topic name is tokens joined by dots", "[registry]") {
  for (const char* good : {"a", "video.watch_started", "a.b.c.d", "a-1.B_2"}) CHECK(topic(good));
  CHECK(topic(std::string(127, 'x')));
  for (const char* bad : {"", ".", "a.", ".a", "a..b", "a b", "a/b", "a.*", "a.>", "*", "\xc3\xa9"})
    CHECK_FALSE(topic(bad));
  CHECK_FALSE(topic(std::string(128, 'x')));
}

TEST_CASE("a pattern may have a star for one token and '>' as the last", "[registry]") {
  for (const char* good : {"a", "*", ">", "a.*", "*.b", "a.*.c", "a.>", "*.>", "*.*"}) CHECK(pattern(good));
  for (const char* bad : {"", "a.", ".*", ">.a", "a.>.b", "a*", "*a.b", "a.b>", "**", ">>", "a..>"})
    CHECK_FALSE(pattern(bad));
}

TEST_CASE("a pattern covers the topics it describes", "[registry]") {
  CHECK(matches("a.b", "a.b"));
  CHECK_FALSE(matches("a.b", "a.c"));
  CHECK_FALSE(matches("a.b", "a"));
  CHECK_FALSE(matches("a", "a.b"));
  CHECK_FALSE(matches("a.b", "a.bc"));
  CHECK_FALSE(matches("a.bc", "a.b"));
  CHECK(matches("*", "a"));
  CHECK_FALSE(matches("*", "a.b"));
  CHECK(matches("a.*", "a.b"));
  CHECK_FALSE(matches("a.*", "a"));
  CHECK_FALSE(matches("a.*", "a.b.c"));
  CHECK(matches("*.b", "a.b"));
  CHECK(matches("a.*.c", "a.b.c"));
  CHECK_FALSE(matches("a.*.c", "a.b.d"));
  CHECK(matches(">", "a"));
  CHECK(matches(">", "a.b.c"));
  CHECK(matches("a.>", "a.b"));
  CHECK(matches("a.>", "a.b.c"));
  CHECK_FALSE(matches("a.>", "a"));
  CHECK_FALSE(matches("a.>", "ab.c"));
  CHECK(matches("*.>", "a.b"));
  CHECK_FALSE(matches("*.>", "a"));
}

TEST_CASE("only '*' and '>' are wildcards", "[registry]") {
  CHECK(has_wildcard("a.*"));
  CHECK(has_wildcard(">"));
  CHECK_FALSE(has_wildcard("a.b-c_d"));
}

TEST_CASE("the name of a log's file says topic, node and id", "[registry]") {
  const std::string file = log_name("bus", "a.log.5", 17, 0xfedc'ba98'7654'3210u);
  CHECK(file == "shmbus.bus.a.log.5.log.17.fedcba9876543210");
  const auto name = parse_log_name("bus", file);
  REQUIRE(name);
  CHECK(name->topic == "a.log.5");
  CHECK(name->node == 17);
  CHECK(name->id == 0xfedc'ba98'7654'3210u);
  CHECK(registry_name("bus") == "shmbus.bus.registry");
  CHECK(control_name("bus", "a.b") == "shmbus.bus.a.b.ctl");
  for (const char* other :
       {"", "shmbus.bus.registry", "shmbus.bus.a.ctl", "shmbus.other.a.log.1.2", "shmbus.bus.a.log.",
        "shmbus.bus.a.log.x.1", "shmbus.bus.a.log.1.xyz", "shmbus.bus.log.1.2"}) {
    CHECK_FALSE(parse_log_name("bus", other));
  }
}
