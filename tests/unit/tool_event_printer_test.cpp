#include <catch2/catch.hpp>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "event_printer.hpp"

using namespace shmbus;
using namespace std::chrono_literals;
using namespace std::string_literals;
using tool::EventParts;
using tool::PrintOptions;

namespace {

const EventId id{.bus = 1, .topic = 2, .sequence = 3};

EventParts event(std::string_view payload) {
  return {.topic = "hello.world",
          .sequence = 3,
          .time = Time{} + 1'714'564'800s,
          .publisher = 5,
          .id = id,
          .payload = payload};
}

std::string print(const EventParts& parts, const PrintOptions& options) {
  std::string out;
  tool::print_event(out, parts, options);
  return out;
}

}  // namespace

TEST_CASE("a raw event is its payload and a newline", "[tool]") {
  CHECK(print(event("hi"), {}) == "hi\n");
  CHECK(print(event(""), {}) == "\n");
  CHECK(print(event("\0\xff\n"s), {}) == "\0\xff\n\n"s);
}

TEST_CASE("a binary payload is hexadecimal on a terminal, and text stays text", "[tool]") {
  CHECK(print(event("\0\xff"s), {.terminal = true}) == "00ff\n");
  CHECK(print(event("\x1b[2J"), {.terminal = true}) == "1b5b324a\n");
  CHECK(print(event("hi"), {.terminal = true}) == "hi\n");
}

TEST_CASE("a raw line can begin with the topic's name", "[tool]") {
  CHECK(print(event("hi"), {.topic_name = true}) == "hello.world hi\n");
}

TEST_CASE("a JSON event is one object on one line, its members in order", "[tool]") {
  CHECK(print(event("hi"), {.json = true}) ==
        R"({"topic":"hello.world","sequence":3,"time":"2024-05-01T12:00:00.000000000Z","publisher":5,"id":")" +
            id.to_string() + "\",\"text\":\"hi\"}\n");
}

TEST_CASE("a JSON event holds text as a string and all else in base64", "[tool]") {
  const std::string text = "\"caf\xc3\xa9\"\n\t";
  const auto parsed = nlohmann::json::parse(print(event(text), {.json = true, .terminal = true}));
  CHECK(parsed["text"] == text);
  CHECK_FALSE(parsed.contains("base64"));
  const auto binary = nlohmann::json::parse(print(event("\0\xff"s), {.json = true, .terminal = true}));
  CHECK(binary["base64"] == "AP8=");
  CHECK_FALSE(binary.contains("text"));
}

TEST_CASE("the time of an event without time stamp is null", "[tool]") {
  EventParts parts = event("hi");
  parts.time = Time{};
  CHECK(nlohmann::json::parse(print(parts, {.json = true}))["time"].is_null());
}
