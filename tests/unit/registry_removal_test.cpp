// A member of a removed bus does no harm to the next bus of that name.

#include <catch2/catch.hpp>

#include "base/bus_name.hpp"
#include "base/topic_name.hpp"
#include "client/bus_removal.hpp"
#include "client/open_registry.hpp"
#include "shmbus/bus.hpp"
#include "shmbus/error.hpp"
#include "support/segments.hpp"
#include "support/temporary_bus.hpp"
#include "topic/topic_segment.hpp"

using shmbus::topic::TopicSegment;

namespace {

const shmbus::base::TopicName kTopic("t");

shmbus::registry::Membership join(const std::string& bus) {
  return shmbus::registry::Membership::of(shmbus::detail::open_registry(shmbus::base::BusName(bus), {}));
}

void withdraw(const TopicSegment& segment) {
  shmbus::detail::withdraw_topic(segment.node().registry().bus(), segment.name(), segment.control_name(),
                                 segment.log_name().name());
}

bool is_closed(const shmbus::Error& error) { return error.code() == shmbus::ErrorCode::closed; }

}  // namespace

TEST_CASE("a member of a removed bus does not remove the next bus's topic as stale", "[removal]") {
  const test::TemporaryBus name;
  const auto late = join(name.name());
  REQUIRE(shmbus::Bus::remove(name.name()));
  shmbus::Bus next = shmbus::Bus::open(name.name());
  REQUIRE(next.publisher("t").publish("x").sequence() == 1);

  try {
    TopicSegment::find(late, kTopic, shmbus::platform::Access::read_write);
    FAIL("found a topic of another bus");
  } catch (const shmbus::Error& error) {
    CHECK(is_closed(error));
  }
  CHECK(next.publisher("t").publish("y").sequence() == 2);
  CHECK(next.find_topic("t"));
}

TEST_CASE("a topic created for a removed bus is withdrawn without touching the next bus's", "[removal]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  const auto late = join(name.name());
  REQUIRE(shmbus::Bus::remove(name.name()));

  SECTION("the next bus has a topic of that name") {
    const auto created = TopicSegment::create(late, kTopic, 17, {}, {});
    REQUIRE(created);
    shmbus::Bus next = shmbus::Bus::open(name.name());
    REQUIRE(next.publisher("t").publish("x").sequence() == 1);
    withdraw(*created);
    CHECK(next.publisher("t").publish("y").sequence() == 2);
  }
  SECTION("the next bus has no such topic") {
    const auto created = TopicSegment::create(late, kTopic, 17, {}, {});
    REQUIRE(created);
    shmbus::Bus next = shmbus::Bus::open(name.name());
    withdraw(*created);
    CHECK(segments.all() == std::vector<std::string>{segments.registry()});
  }
  SECTION("there is no next bus") {
    const auto created = TopicSegment::create(late, kTopic, 17, {}, {});
    REQUIRE(created);
    withdraw(*created);
    CHECK(segments.all().empty());
  }
}

TEST_CASE("segments whose registry was unlinked by hand are removed by the bus's name", "[removal]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  shmbus::Bus::open(name.name()).publisher("t").publish("x");
  REQUIRE(::unlink(segments.registry().c_str()) == 0);
  REQUIRE(segments.all().size() == 2);
  CHECK(shmbus::Bus::remove(name.name()));
  CHECK(segments.all().empty());
  CHECK_FALSE(shmbus::Bus::remove(name.name()));
}

TEST_CASE("a topic without its log is corrupt; if the bus has lost its name, the bus is reported as removed",
          "[removal]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  shmbus::Bus::open(name.name()).publisher("t").publish("x");
  const auto late = join(name.name());
  for (const std::string& file : segments.all()) {
    if (file.find(".log.") != std::string::npos) REQUIRE(::unlink(file.c_str()) == 0);
  }
  const auto refusal = [&] {
    try {
      TopicSegment::find(late, kTopic, shmbus::platform::Access::read_write);
    } catch (const shmbus::Error& error) {
      return error.code();
    }
    return shmbus::ErrorCode::system;
  };
  CHECK(refusal() == shmbus::ErrorCode::corrupt);
  REQUIRE(::unlink(segments.registry().c_str()) == 0);
  CHECK(refusal() == shmbus::ErrorCode::closed);
}
