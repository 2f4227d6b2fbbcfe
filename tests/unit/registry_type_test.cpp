// What a topic carries: its first publisher decides, once, whichever process dies or stops meanwhile.

#include <catch2/catch.hpp>

#include <string>

#include "shmbus/error.hpp"
#include "support/log_fixture.hpp"
#include "topic/topic_type.hpp"

using shmbus::Error;
using shmbus::ErrorCode;
using shmbus::TypeInfo;
using shmbus::topic::adopt_type;
using shmbus::topic::check_type;
using shmbus::topic::recorded_type;

namespace {

constexpr TypeInfo kRaw{};
constexpr TypeInfo kCelsius{"Celsius", 8, 8};
constexpr TypeInfo kFahrenheit{"Fahrenheit", 8, 8};
constexpr std::uint64_t kOther = 7;

/// A topic whose type is not decided, and a node that is about to publish to it.
struct Undecided : test::LogFixture {
  void adopt(const TypeInfo& type) { adopt_type(header(), 8, type, us, "topic 't'"); }
  ErrorCode refusal(const TypeInfo& type) {
    try {
      adopt(type);
    } catch (const Error& error) {
      return error.code();
    }
    FAIL("adopted");
    return {};
  }
  /// Decides the type as another node would.
  void decided_by(std::uint64_t node, const TypeInfo& type) {
    header().type_owner = node;
    header().type_name.store(type.name);
    header().type_size = type.size;
    header().type_alignment = type.alignment;
    header().type_hash = type.hash();
  }

  test::NodeEnvironment us{world, 3};
};

}  // namespace

TEST_CASE("the first publisher decides what a topic carries", "[topic_type]") {
  Undecided topic;
  CHECK(recorded_type(topic.header()).hash == 0);
  SECTION("a type") {
    topic.adopt(kCelsius);
    CHECK(recorded_type(topic.header()).name == "Celsius");
    CHECK_NOTHROW(topic.adopt(kCelsius));
    CHECK(topic.refusal(kFahrenheit) == ErrorCode::type_mismatch);
    CHECK(topic.refusal(kRaw) == ErrorCode::type_mismatch);
  }
  SECTION("raw bytes") {
    topic.adopt(kRaw);
    CHECK(recorded_type(topic.header()).hash == TypeInfo::kRawBytes);
    CHECK_NOTHROW(topic.adopt(kRaw));
    CHECK(topic.refusal(kCelsius) == ErrorCode::type_mismatch);
  }
  CHECK(topic.header().type_owner == 3);
}

TEST_CASE("two layouts of one name and size are refused, and both are named", "[topic_type]") {
  Undecided topic;
  const TypeInfo one{"Watch", 16, 8, 11, "user:unsigned long@0+8;video:unsigned long@8+8;"};
  const TypeInfo other{"Watch", 16, 8, 12, "video:unsigned long@0+8;user:unsigned long@8+8;"};
  topic.adopt(one);
  CHECK(recorded_type(topic.header()).fields == one.fields);
  try {
    topic.adopt(other);
    FAIL("adopted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::type_mismatch);
    CHECK_THAT(error.what(), Catch::Contains(std::string(one.fields)) && Catch::Contains(std::string(other.fields)));
  }
}

TEST_CASE("where raw bytes are accepted, they decide nothing, and a type does", "[topic_type]") {
  Undecided topic;
  topic.header().options = shmbus::layout::kAcceptsRaw;
  topic.adopt(kRaw);
  CHECK(recorded_type(topic.header()).hash == 0);
  topic.adopt(kCelsius);
  topic.adopt(kRaw);
  CHECK(recorded_type(topic.header()).name == "Celsius");
  CHECK(topic.refusal(kFahrenheit) == ErrorCode::type_mismatch);
}

TEST_CASE("a subscriber's check passes while the type is not decided", "[topic_type]") {
  Undecided topic;
  CHECK_NOTHROW(check_type(topic.header(), kCelsius, "t"));
  topic.adopt(kRaw);
  CHECK_THROWS_AS(check_type(topic.header(), kCelsius, "t"), Error);
}

TEST_CASE("a type that a dead node left half recorded is decided anew", "[topic_type]") {
  Undecided topic;
  topic.world.kill(kOther);
  topic.decided_by(kOther, kFahrenheit);
  topic.header().type_layout = 99;
  topic.header().type_hash = 0;
  topic.adopt(kCelsius);
  const auto recorded = recorded_type(topic.header());
  CHECK(recorded.hash == kCelsius.hash());
  CHECK(recorded.name == "Celsius");
  CHECK(recorded.layout == 0);
  CHECK(topic.header().type_owner == 3);
}

TEST_CASE("a type stays decided when its node dies before others have checked on the node", "[topic_type]") {
  Undecided topic;
  topic.header().type_owner = kOther;
  topic.world.on_alive = [&] {
    topic.decided_by(kOther, kFahrenheit);
    topic.world.kill(kOther);
  };
  CHECK(topic.refusal(kCelsius) == ErrorCode::type_mismatch);
  CHECK(recorded_type(topic.header()).name == "Fahrenheit");
}

TEST_CASE("of two nodes that take a dead node's place, one decides", "[topic_type]") {
  Undecided topic;
  topic.world.kill(kOther);
  topic.header().type_owner = kOther;
  topic.world.on_alive = [&] { topic.decided_by(5, kFahrenheit); };
  CHECK(topic.refusal(kCelsius) == ErrorCode::type_mismatch);
  CHECK(topic.header().type_owner == 5);
}

TEST_CASE("others wait for a living node that decides, at most for the stall limit", "[topic_type]") {
  Undecided topic;
  topic.header().type_owner = kOther;
  SECTION("the node finishes") {
    unsigned asked = 0;
    topic.world.on_alive = [&] {
      if (++asked == 3) topic.decided_by(kOther, kCelsius);
    };
    CHECK_NOTHROW(topic.adopt(kCelsius));
    CHECK(asked == 3);
  }
  SECTION("the node is stopped") {
    topic.world.on_monotonic = [&] { topic.world.pass_time(topic.world.stall_limit_ns / 4); };
    CHECK(topic.refusal(kCelsius) == ErrorCode::busy);
    CHECK(topic.header().type_owner == kOther);
  }
}

TEST_CASE("a type that needs wider alignment than the records have is refused, and decides nothing", "[topic_type]") {
  Undecided topic;
  CHECK(topic.refusal({"Wide", 64, 64}) == ErrorCode::type_mismatch);
  CHECK(recorded_type(topic.header()).hash == 0);
  CHECK(topic.header().type_owner == 0);
}
