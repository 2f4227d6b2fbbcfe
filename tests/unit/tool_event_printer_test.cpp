#include <catch2/catch.hpp>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "event_printer.hpp"
#include "time_text.hpp"

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
  CHECK(print(event("\0\xff"s), {.columns = 80}) == "00ff\n");
  CHECK(print(event("\x1b[2J"), {.columns = 80}) == "1b5b324a\n");
  CHECK(print(event("hi"), {.columns = 80}) == "hi\n");
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
  const auto parsed = nlohmann::json::parse(print(event(text), {.json = true, .columns = 80}));
  CHECK(parsed["text"] == text);
  CHECK_FALSE(parsed.contains("base64"));
  const auto binary = nlohmann::json::parse(print(event("\0\xff"s), {.json = true, .columns = 80}));
  CHECK(binary["base64"] == "AP8=");
  CHECK_FALSE(binary.contains("text"));
}

TEST_CASE("the time of an event without time stamp is null", "[tool]") {
  EventParts parts = event("hi");
  parts.time = Time{};
  CHECK(nlohmann::json::parse(print(parts, {.json = true}))["time"].is_null());
}

namespace {

std::string show(const EventParts& parts, const shmbus::TopicInfo& topic = {}, std::size_t columns = 80) {
  std::string out;
  tool::print_for_people(out, parts, topic, columns, parts.time);
  return out;
}

/// The time of day that the tests' event has here.
std::string time_of_day() { return tool::clock_text(event("").time, event("").time); }

}  // namespace

TEST_CASE("the readable form shows time, topic, number and type, and a short text beside them", "[tool]") {
  CHECK(show(event("hi")) == time_of_day() + " hello.world #3 text  hi\n");
  CHECK(show(event("")) == time_of_day() + " hello.world #3 text  (empty)\n");
}

TEST_CASE("a payload of several lines, or too long for the line, stands below its event", "[tool]") {
  CHECK(show(event("one\ntwo\n")) == time_of_day() + " hello.world #3 text\n  one\n  two\n");
  const std::string text(60, 'x');
  CHECK(show(event(text)) == time_of_day() + " hello.world #3 text\n  " + text + "\n");
  CHECK(show(event(text), {}, 120) == time_of_day() + " hello.world #3 text  " + text + "\n");
}

TEST_CASE("the readable form shows bytes in hexadecimal with ASCII beside them", "[tool]") {
  CHECK(show(event("\x01"s + "abc")) ==
        time_of_day() + " hello.world #3 4 bytes\n  0000  01 61 62 63                                       |.abc|\n");
}

TEST_CASE("the readable form shows a value of a recorded type by its fields", "[tool]") {
  shmbus::TopicInfo topic;
  topic.content = Content::typed;
  topic.type_name = "demo::Answer";
  topic.type_size = 4;
  topic.type_fields = "answer:int@0+4;";
  CHECK(show(event("\x2a\0\0\0"s), topic) == time_of_day() + " hello.world #3 demo::Answer  answer=42\n");
}

TEST_CASE("the readable form shows the begin of a long payload, and how to see all of it", "[tool]") {
  const std::string bytes(100'000, '\x01');
  const std::string shown = show(event(bytes));
  CHECK(shown.size() < 5'000);
  CHECK_THAT(shown, Catch::EndsWith("  ... of 100000 bytes; --raw shows all\n"));
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "\xc3\xa9";  // cut between characters
  CHECK_THAT(show(event(text)), Catch::EndsWith("\xa9\n  ... of 40000 bytes; --raw shows all\n"));
}

TEST_CASE("an event without a time is shown with a dash", "[tool]") {
  EventParts parts = event("hi");
  parts.time = Time{};
  CHECK(show(parts) == "- hello.world #3 text  hi\n");
}

namespace {

/// One with everything beside its payload.
EventParts rich_event() {
  EventParts parts = event("hi");
  parts.extras.key = "user-42";
  parts.extras.headers = {{"content-type", "json"}, {"empty", ""}, {"content-type", "text"}};
  parts.extras.trace = TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  parts.extras.cause = EventId{.bus = 1, .topic = 9, .sequence = 7};
  return parts;
}

}  // namespace

TEST_CASE("the readable form shows key, headers, trace and cause below the head line", "[tool]") {
  const std::string extras =
      "  key user-42\n  header content-type: json\n  header empty: \n  header content-type: text\n"
      "  traceparent 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n"
      "  caused by 0000000000000001-0000000000000009-7\n";
  EventParts parts = rich_event();
  CHECK(show(parts) == time_of_day() + " hello.world #3 text  hi\n" + extras);
  parts.payload = "one\ntwo";
  CHECK(show(parts) == time_of_day() + " hello.world #3 text\n" + extras + "  one\n  two\n");
}

TEST_CASE("key and headers are safe for any terminal, and cut where they are too long for the line", "[tool]") {
  EventParts parts = event("hi");
  const std::string value(200, 'x');
  parts.extras.key = "\x1b[2J";
  parts.extras.headers = {{"a\nb", value}};
  const std::string shown = show(parts);
  CHECK_THAT(shown, Catch::Contains("  key \\x1b[2J\n"));
  CHECK_THAT(shown, Catch::Contains("  header a\\x0ab: xxx"));
  CHECK_THAT(shown, Catch::EndsWith("x...\n"));
  CHECK(shown.size() - shown.find("  header") == 81);
}

TEST_CASE("a JSON event has key, headers, traceparent and cause where they are there", "[tool]") {
  const auto parsed = nlohmann::ordered_json::parse(print(rich_event(), {.json = true}));
  CHECK(parsed["key"] == "user-42");
  CHECK(parsed["headers"].dump() ==
        R"([{"name":"content-type","value":"json"},{"name":"empty","value":""},{"name":"content-type","value":"text"}])");
  CHECK(parsed["traceparent"] == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  CHECK(parsed["cause"] == "0000000000000001-0000000000000009-7");
  const auto plain = nlohmann::json::parse(print(event("hi"), {.json = true}));
  for (const char* name : {"key", "headers", "traceparent", "cause"}) CHECK_FALSE(plain.contains(name));
}

TEST_CASE("a key or header that is not text is in base64, under a name that says so", "[tool]") {
  EventParts parts = event("hi");
  parts.extras.key = std::string_view("\0\xff", 2);
  parts.extras.headers = {{"raw", std::string_view("\xff", 1)}};
  const auto parsed = nlohmann::json::parse(print(parts, {.json = true}));
  CHECK(parsed["key_base64"] == "AP8=");
  CHECK_FALSE(parsed.contains("key"));
  CHECK(parsed["headers"][0]["name"] == "raw");
  CHECK(parsed["headers"][0]["value_base64"] == "/w==");
}

TEST_CASE("raw lines are the payload alone, whatever travels beside it", "[tool]") {
  CHECK(print(rich_event(), {}) == "hi\n");
}
