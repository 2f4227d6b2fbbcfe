// How a payload is shown in readable form.

#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "payload_text.hpp"
#include "shmbus/type_fields.hpp"
#include "shmbus/type_info.hpp"

using shmbus::tool::payload_lines;
using Lines = std::vector<std::string>;

namespace recorded {

enum class Colour : std::uint8_t { red, green };
struct Point {
  float x, y;
};
struct Watch {
  std::uint64_t user_id;
  std::int32_t shift;
  float progress;
  char device[12];
  bool hd;
  Colour colour;
  std::array<std::uint16_t, 3> codes;
  Point where;
};
SHMBUS_FIELDS(Watch, user_id, shift, progress, device, hd, colour, codes, where)

}  // namespace recorded

namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

Lines lines_of(std::string_view text, const shmbus::TopicInfo& topic = {}) {
  return payload_lines(bytes_of(text), topic);
}

/// What a topic records of T.
template <class T>
shmbus::TopicInfo topic_of() {
  shmbus::TopicInfo topic;
  topic.content = shmbus::Content::typed;
  topic.type_name = shmbus::type_info<T>.name;
  topic.type_size = sizeof(T);
  topic.type_fields = shmbus::type_info<T>.fields;
  return topic;
}

recorded::Watch some_watch() {
  recorded::Watch watch;
  std::memset(&watch, 0, sizeof watch);
  watch.user_id = 42;
  watch.shift = -7;
  watch.progress = 0.25f;
  std::memcpy(watch.device, "tv", 3);
  watch.hd = true;
  watch.colour = recorded::Colour::green;
  watch.codes = {1, 2, 3};
  watch.where = {1.5f, 0};
  return watch;
}

}  // namespace

TEST_CASE("a payload that is text is shown as text, a line each", "[tool]") {
  CHECK(lines_of("hello") == Lines{"hello"});
  CHECK(lines_of("two\nlines\n") == Lines{"two", "lines"});
  CHECK(lines_of("gr\xc3\xbc\xc3\x9f") == Lines{"gr\xc3\xbc\xc3\x9f"});
  CHECK(lines_of("a\tb") == Lines{"a\\x09b"});
  CHECK(lines_of("") == Lines{"(empty)"});
}

TEST_CASE("a payload that is neither text nor of a known type is shown in hexadecimal with ASCII beside it", "[tool]") {
  const std::string payload{"\x01\x02shmbus\xff\x00 and more of it", 24};
  CHECK(lines_of(payload) == Lines{"0000  01 02 73 68 6d 62 75 73  ff 00 20 61 6e 64 20 6d  |..shmbus.. and m|",
                                   "0010  6f 72 65 20 6f 66 20 69                           |ore of i|"});
}

TEST_CASE("a value of a recorded type is shown by its fields", "[tool]") {
  const recorded::Watch watch = some_watch();
  const auto payload = std::as_bytes(std::span{&watch, 1});
  const shmbus::TopicInfo topic = topic_of<recorded::Watch>();
  CHECK(payload_lines(payload, topic, 200) ==
        Lines{"user_id=42 shift=-7 progress=0.25 device=\"tv\" hd=true colour=0x01 codes=[1,2,3] "
              "where=0x0000c03f00000000"});
  CHECK(payload_lines(payload, topic, 40) ==
        Lines{"user_id=42 shift=-7 progress=0.25", "device=\"tv\" hd=true colour=0x01",
              "codes=[1,2,3] where=0x0000c03f00000000"});
}

TEST_CASE("a payload of another size than the topic's type is not taken for one", "[tool]") {
  const shmbus::TopicInfo topic = topic_of<recorded::Watch>();
  CHECK(lines_of("hello", topic) == Lines{"hello"});
  CHECK(lines_of(std::string_view{"\x01", 1}, topic).front().starts_with("0000  01 "));
}

TEST_CASE("a value of a plain number is shown as that number", "[tool]") {
  const std::uint64_t number = 1234;
  CHECK(payload_lines(std::as_bytes(std::span{&number, 1}), topic_of<std::uint64_t>()) == Lines{"1234"});
}

TEST_CASE("a type whose recorded fields are cut off or broken causes no crash", "[tool]") {
  shmbus::TopicInfo topic;
  topic.content = shmbus::Content::typed;
  topic.type_size = 4;
  const std::string_view payload{"\x2a\0\0\0", 4};
  topic.type_fields = "answer:int@0+4;...";
  CHECK(lines_of(payload, topic) == Lines{"answer=42 ..."});
  for (const char* broken : {"answer:int@0+5;", "answer:int@1+4;", "answer", "answer;", ":int@0+4;", "answer:int@x+4;",
                             "answer:int@4;", "answer@0+4;", "a:int@99999999999999999999+4;", ";", ""}) {
    topic.type_fields = broken;
    CHECK(lines_of(payload, topic).front().starts_with("0000  2a 00"));
  }
  topic.type_fields = "part:int@0+2;text:char[2]@2+2;";
  CHECK(lines_of(payload, topic) == Lines{"part=0x2a00 text=\"\""});
}
