#include "base/bus_name.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "support/refusal.hpp"

using shmbus::base::BusName;
using shmbus::base::SegmentFileParts;
using shmbus::base::TopicName;

namespace {

/// The constructor and `parse` agree.
void check_valid(const std::string& text) {
  CAPTURE(text);
  CHECK(BusName(text).text() == text);
  CHECK(BusName::parse(text) == BusName(text));
}

void check_invalid(const std::string& text) {
  CAPTURE(text);
  test::expect_refusal({shmbus::ErrorCode::invalid_name, "bus name '"}, [&] { BusName{text}; });
  CHECK_FALSE(BusName::parse(text));
}

const BusName kBus("bus");

}  // namespace

TEST_CASE("a bus name is one token of at most 32 bytes", "[names]") {
  for (const char* good : {"a", "video", "A-Z_09", "0"}) check_valid(good);
  check_valid(std::string(32, 'x'));
  for (const char* bad : {"", "a.b", "a b", "a/b", "..", "\xc3\xa9", "a\n", "*", ">"}) check_invalid(bad);
  check_invalid(std::string(33, 'x'));
  check_invalid(std::string("a\0b", 3));
}

TEST_CASE("error texts name a bus and a topic in quotes", "[names]") {
  CHECK(kBus.object() == "bus 'bus'");
  CHECK(TopicName("a.b").object() == "topic 'a.b'");
}

TEST_CASE("a bus's segment files begin with the bus's name", "[names]") {
  CHECK(kBus.file_prefix() == "shmbus.bus.");
  CHECK(kBus.registry_file() == "shmbus.bus.registry");
  CHECK(kBus.control_file(TopicName("a.b")) == "shmbus.bus.a.b.ctl");
  CHECK(kBus.removed_prefix() == "shmbus.bus.~");
  CHECK(kBus.removed_file(17) == "shmbus.bus.~17");
}

TEST_CASE("the file name of a control segment gives the topic", "[names]") {
  CHECK(kBus.topic_of_control_file("shmbus.bus.a.b.ctl") == TopicName("a.b"));
  CHECK(kBus.topic_of_control_file("shmbus.bus.ctl.ctl") == TopicName("ctl"));
  for (const char* other : {"", "shmbus.bus.registry", "shmbus.bus.ctl", "shmbus.bus..ctl", "shmbus.bus.a..ctl",
                            "shmbus.bus.a b.ctl", "shmbus.bus.~17", "shmbus.other.a.ctl", "shmbus.bus.a.log.1.2"}) {
    CAPTURE(other);
    CHECK_FALSE(kBus.topic_of_control_file(other));
  }
}

TEST_CASE("the file name of a log gives topic, node and id", "[names]") {
  const TopicName topic("a.log.5");
  const std::string file = kBus.log_file(topic, 17, 0xfedc'ba98'7654'3210u);
  CHECK(file == "shmbus.bus.a.log.5.log.17.fedcba9876543210");
  const auto log = kBus.parse_log_file(file);
  REQUIRE(log);
  CHECK(log->topic == topic);
  CHECK(log->node == 17);
  CHECK(log->id == 0xfedc'ba98'7654'3210u);
  for (const char* other :
       {"", "shmbus.bus.registry", "shmbus.bus.a.ctl", "shmbus.other.a.log.1.2", "shmbus.bus.a.log.",
        "shmbus.bus.a.log.x.1", "shmbus.bus.a.log.1.xyz", "shmbus.bus.log.1.2"}) {
    CAPTURE(other);
    CHECK_FALSE(kBus.parse_log_file(other));
  }
}

TEST_CASE("the file name of a log with an invalid topic name gives node and id alone", "[names]") {
  for (const char* file : {"shmbus.bus.a b.log.17.5", "shmbus.bus..log.17.5"}) {
    CAPTURE(file);
    const auto log = kBus.parse_log_file(file);
    REQUIRE(log);
    CHECK_FALSE(log->topic);
    CHECK(log->node == 17);
    CHECK(log->id == 5);
  }
}

TEST_CASE("the file name of any segment gives the bus, valid or not", "[names]") {
  CHECK(SegmentFileParts::of("shmbus.bus.a.b.ctl").bus == "bus");
  CHECK(SegmentFileParts::of("shmbus.bus.a.b.ctl").rest == "a.b.ctl");
  CHECK(SegmentFileParts::of("shmbus.a bus.x").bus == "a bus");
  CHECK(SegmentFileParts::of("shmbus.bus").bus == "bus");
  for (const char* other : {"", "shmbus", "shmbus.", "shmbus..registry", "sem.bus.registry"}) {
    CAPTURE(other);
    CHECK(SegmentFileParts::of(other).bus.empty());
    CHECK_FALSE(SegmentFileParts::of(other).is_registry());
  }
  CHECK(SegmentFileParts::of(kBus.registry_file()).is_registry());
  for (const char* other : {"shmbus.bus.registry.ctl", "shmbus.bus.a.registry", "shmbus.bus.", "shmbus.bus"})
    CHECK_FALSE(SegmentFileParts::of(other).is_registry());
}

TEST_CASE("a cursor's file name is split as it was built, and no other file's name is one", "[names]") {
  using namespace shmbus::base;
  const BusName bus("b");
  for (const char* topic : {"t", "a.cursor.b", "cursor", "x.log.5", "x.ctl", "calls", "a.durable"}) {
    for (const char* durable : {"n", "ctl", "log", "cursor", "durable", "0123456789abcdef"}) {
      const CursorName cursor{TopicName(topic), DurableName(durable), 0x0123456789012345};
      const std::string file = bus.cursor_file(cursor);
      INFO(file);
      const auto parsed = bus.parse_cursor_file(file);
      REQUIRE(parsed);
      CHECK(parsed->topic == cursor.topic);
      CHECK(parsed->durable == cursor.durable);
      CHECK(parsed->id == cursor.id);
      CHECK_FALSE(bus.topic_of_control_file(file));
      CHECK_FALSE(bus.parse_log_file(file));
      CHECK_FALSE(bus.parse_recorder_name(file));
      CHECK_FALSE(bus.durable_of_file(file));
    }
    CHECK_FALSE(bus.parse_cursor_file(bus.control_file(TopicName(topic))));
    CHECK_FALSE(bus.parse_cursor_file(bus.log_file(TopicName(topic), 7, 0x0123456789012345)));
    CHECK_FALSE(bus.durable_of_file(bus.control_file(TopicName(topic))));
  }
  const std::string record = bus.durable_file(DurableName("ctl"));
  CHECK(bus.durable_of_file(record)->text() == "ctl");
  CHECK_FALSE(bus.topic_of_control_file(record));
  CHECK_FALSE(bus.parse_cursor_file(record));
  const CursorName longest{TopicName(std::string(127, 't')), DurableName(std::string(63, 'd')), 1};
  CHECK(BusName(std::string(32, 'b')).cursor_file(longest).size() == 255);
}
