#include <catch2/catch.hpp>

#include <string>

#include "shmbus/trace_context.hpp"
#include "trace_ids.hpp"
#include "trace_subject.hpp"

using namespace shmbus;
using tool::parse_trace_subject;

TEST_CASE("a trace is named by an event id, a topic and sequence, a trace id or a traceparent", "[trace]") {
  const EventId id{.bus = 1, .topic = 2, .sequence = 3};
  const auto by_id = parse_trace_subject(id.to_string());
  REQUIRE(by_id);
  CHECK(by_id->event == id);
  for (const char* text : {"video.watched#50612", "video.watched #50612"}) {
    const auto by_number = parse_trace_subject(text);
    REQUIRE(by_number);
    CHECK_FALSE(by_number->event);
    CHECK(by_number->topic == "video.watched");
    CHECK(by_number->sequence == 50612);
  }
  const std::string digits = "4bf92f3577b34da6a3ce929d0e0e4736";
  for (const std::string& text : {digits, "00-" + digits + "-00f067aa0ba902b7-01"}) {
    const auto by_trace = parse_trace_subject(text);
    REQUIRE(by_trace);
    REQUIRE(by_trace->trace);
    CHECK(tracing::hex_text(*by_trace->trace) == digits);
  }
}

TEST_CASE("other texts name no trace", "[trace]") {
  for (const char* text : {"", "#", "#5", "topic", "topic#", "topic#x", "topic#5x", "topic#-5", "topic#99999999999999999999",
                           "00000000000000000000000000000000", "4BF92F3577B34DA6A3CE929D0E0E4736", "4bf92f3577b34da6"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_trace_subject(text));
  }
}
