// Traces as OpenTelemetry spans.

#include <catch2/catch.hpp>

#include <random>
#include <set>
#include <stdexcept>
#include <string>

#include "otlp.hpp"
#include "otlp_reply.hpp"
#include "support/otlp_reader.hpp"
#include "tool_trace_fixture.hpp"

using namespace shmbus;
using namespace shmbus::tracing;
using test::OtlpSpan;
using test::TracedBus;

namespace {

const Time now = TracedBus::at(5e6);

std::vector<OtlpSpan> spans_of(const TracedBus& bus) {
  const OtlpDocument document = otlp_document(bus.traces(), now);
  const auto spans = test::read_otlp(document.json);
  CHECK(spans.size() == document.spans);
  return spans;
}

const OtlpSpan& find(const std::vector<OtlpSpan>& spans, const std::string& name, const std::string& service) {
  for (const OtlpSpan& span : spans) {
    if (span.name == name && span.resource.at("service.name") == service) return span;
  }
  throw std::runtime_error("no span " + name + " of " + service);
}

std::uint64_t ns(double us) { return static_cast<std::uint64_t>(TracedBus::at(us).time_since_epoch().count()); }

}  // namespace

TEST_CASE("events are producer spans, calls consumer spans, each below what caused it", "[trace]") {
  TracedBus bus = test::watch();
  const auto spans = spans_of(bus);
  REQUIRE(spans.size() == 7);
  CHECK(test::absent_parents(spans).empty());
  const OtlpSpan& root = find(spans, "publish video.watch_started", "video-service");
  CHECK(root.kind == 4);
  CHECK(root.parent.empty());
  CHECK(root.start == ns(0));
  CHECK(root.end == ns(0));
  CHECK(root.resource.at("process.pid") == "812");
  const EventId id = bus.id("video.watch_started", 50612);
  CHECK(root.attributes == std::map<std::string, std::string>{{"messaging.system", "shmbus"},
                                                             {"messaging.destination.name", "video.watch_started"},
                                                             {"messaging.message.id", id.to_string()},
                                                             {"messaging.operation.name", "publish"},
                                                             {"messaging.operation.type", "send"},
                                                             {"messaging.message.body.size", "10"}});
  const OtlpSpan& user = find(spans, "process video.watch_started", "user-service");
  CHECK(user.kind == 5);
  CHECK(user.parent == root.span);
  CHECK(user.span == hex_text(TracedBus::call_id(1)));
  CHECK(user.start == ns(2.1));
  CHECK(user.end == ns(13.1));
  CHECK(user.status == 0);
  CHECK(user.attributes.at("messaging.operation.type") == "process");
  CHECK(user.attributes.at("messaging.operation.name") == "process");
  CHECK(user.attributes.at("messaging.destination.subscription.name") == "user-service");
  CHECK_FALSE(user.attributes.contains("error.type"));
  CHECK(find(spans, "publish user.preferences_updated", "user-service").parent == user.span);
  std::set<std::string> traces;
  for (const OtlpSpan& span : spans) traces.insert(span.trace);
  CHECK(traces == std::set<std::string>{hex_text(TraceContext::trace_id_of(id))});
}

TEST_CASE("a call that threw or whose process died is an error, in words", "[trace]") {
  const auto spans = spans_of(test::watch());
  const OtlpSpan& ml = find(spans, "process video.watch_started", "ml-service");
  CHECK(ml.status == 2);
  CHECK(ml.message == "no model");
  CHECK(ml.attributes.at("error.type") == "_OTHER");
  const OtlpSpan& badge = find(spans, "process video.watch_started", "badge-service");
  CHECK(badge.status == 2);
  CHECK(badge.message == "its process (pid 845) died while it ran");
  CHECK(badge.attributes.at("error.type") == "process_died");
  CHECK(badge.end == ns(1.2e6));
}

TEST_CASE("a call that runs on ends now, and is no error", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 0);
  bus.call("service", bus.id("a", 1), 1, std::nullopt);
  const auto spans = spans_of(bus);
  const OtlpSpan& call = find(spans, "process a", "service");
  CHECK(call.end == ns(5e6));
  CHECK(call.status == 0);
  CHECK(call.attributes.at("shmbus.outcome") == "running");
}

TEST_CASE("a trace from outside is kept: its ids, flags and state", "[trace]") {
  TracedBus bus;
  auto& event = bus.event("a", 1, 0);
  event.trace = bus.foreign(5);
  event.headers = {{"other", "x"}, {"tracestate", "vendor=1"}};
  bus.call("service", bus.id("a", 1), 1, 2);
  const auto spans = spans_of(bus);
  const OtlpSpan& root = find(spans, "publish a", "unknown_service");
  CHECK(root.trace == hex_text(bus.foreign(5).trace_id));
  CHECK(root.parent == hex_text(bus.foreign(5).parent_id));
  CHECK(root.flags == 1);
  CHECK(root.tracestate == "vendor=1");
  CHECK_FALSE(root.resource.contains("process.pid"));
  CHECK(find(spans, "process a", "service").trace == root.trace);
  CHECK(find(spans, "process a", "service").flags == 1);
  CHECK(test::absent_parents(spans) == std::vector<std::string>{root.trace + '/' + root.parent});
}

TEST_CASE("where the publisher gave another trace, the span that caused it is a link", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 0);
  bus.child("b", 1, 2, bus.id("a", 1), TracedBus::call_id(9)).trace = bus.foreign(5);
  const auto spans = spans_of(bus);
  const OtlpSpan& a = find(spans, "publish a", "unknown_service");
  const OtlpSpan& b = find(spans, "publish b", "unknown_service");
  CHECK(b.trace == hex_text(bus.foreign(5).trace_id));
  CHECK(b.parent == hex_text(bus.foreign(5).parent_id));
  REQUIRE(b.links.size() == 1);
  CHECK(b.links[0] == std::pair{a.trace, a.span});
}

TEST_CASE("an event whose call is not recorded is below the event that caused it", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 0);
  bus.child("b", 1, 2, bus.id("a", 1), TracedBus::call_id(9));
  const auto spans = spans_of(bus);
  CHECK(find(spans, "publish b", "unknown_service").parent == find(spans, "publish a", "unknown_service").span);
  CHECK(find(spans, "publish b", "unknown_service").links.empty());
}

TEST_CASE("calls of an event that left the ring keep its span as their parent", "[trace]") {
  TracedBus bus;
  bus.topic("a", 50, 60);
  bus.call("service", bus.id("a", 3), 1, 2);
  const auto spans = spans_of(bus);
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].name == "process a");
  CHECK(spans[0].parent == hex_text(span_id_of(bus.id("a", 3))));
}

TEST_CASE("random events and calls make a document that a strict reader takes", "[trace]") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  for (int round = 0; round < 50; ++round) {
    TracedBus bus;
    for (std::uint64_t i = 1; i <= 20; ++i) {
      std::string bytes(random() % 12, ' ');
      for (char& c : bytes) c = static_cast<char>(random());
      auto& event = bus.event("a", i, 0);
      event.topic = bytes;
      event.size = random();
      event.time = Time{std::chrono::nanoseconds{static_cast<std::int64_t>(random())}};
      if (random() % 2 == 0) event.cause = bus.id("a", 1 + random() % 20);
      if (random() % 2 == 0) {
        event.trace = bus.foreign(static_cast<std::uint8_t>(random() % 3 + 1));
        event.trace->flags = static_cast<std::uint8_t>(random());
        event.headers = {{"tracestate", bytes}};
      }
      auto& call = bus.call("s" + std::to_string(random() % 4), bus.id("a", 1 + random() % 30), 0, std::nullopt);
      call.began = Time{std::chrono::nanoseconds{static_cast<std::int64_t>(random())}};
      call.ended = Time{std::chrono::nanoseconds{static_cast<std::int64_t>(random())}};
      call.outcome = static_cast<CallOutcome>(random() % 5);
      call.error = bytes;
      bus.recorders.back().program = bytes;
    }
    CHECK_NOTHROW(spans_of(bus));
  }
}

TEST_CASE("span ids of events differ, and are never zero", "[trace]") {
  std::set<std::string> ids;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    ids.insert(hex_text(span_id_of({1, 2, i})));
    ids.insert(hex_text(span_id_of({1, 3, i})));
  }
  CHECK(ids.size() == 20'000);
  CHECK_FALSE(ids.contains("0000000000000000"));
}

TEST_CASE("the reader of the tests refuses what is not OTLP", "[trace]") {
  const std::string good = otlp_document(test::watch().traces(), now).json;
  CHECK_NOTHROW(test::read_otlp(good));
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
  };
  CHECK_THROWS(test::read_otlp(changed("\"kind\":4", "\"kind\":\"SPAN_KIND_PRODUCER\"")));
  CHECK_THROWS(test::read_otlp(changed("\"spanId\":\"", "\"spanId\":\"0")));
  CHECK_THROWS(test::read_otlp(changed("\"startTimeUnixNano\":\"", "\"startTimeUnixNano\":\"-")));
  CHECK_THROWS(test::read_otlp(changed("\"traceId\"", "\"trace_id\"")));
  CHECK_THROWS(test::read_otlp(changed("\"intValue\":\"10\"", "\"intValue\":10")));
  CHECK_THROWS(test::read_otlp(changed("\"scope\":", "\"instrumentationLibrary\":")));
}

TEST_CASE("a collector's answer is understood", "[trace]") {
  CHECK(read_otlp_reply({.status = 200, .reason = "OK", .retry_after = {}, .body = "{}"}).taken);
  CHECK(read_otlp_reply({.status = 202, .reason = "Accepted", .retry_after = {}, .body = ""}).words.empty());
  const OtlpReply partial = read_otlp_reply(
      {.status = 200,
       .reason = "OK",
       .retry_after = {},
       .body = R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old\u001b"}})"});
  CHECK(partial.taken);
  CHECK(partial.rejected_spans == 3);
  CHECK(partial.words == "it rejected 3 spans: too old\\x1b");
  const OtlpReply busy = read_otlp_reply(
      {.status = 503, .reason = "Service Unavailable", .retry_after = "5", .body = R"({"code":14,"message":"full"})"});
  CHECK_FALSE(busy.taken);
  CHECK(busy.try_again);
  CHECK(busy.words == "503 Service Unavailable: full");
  const OtlpReply bad = read_otlp_reply({.status = 400, .reason = "Bad Request", .retry_after = {}, .body = "no\nmore"});
  CHECK_FALSE(bad.try_again);
  CHECK(bad.words == "400 Bad Request: no");
  CHECK(read_otlp_reply({.status = 200, .reason = {}, .retry_after = {}, .body = std::string(100'000, '[')}).taken);
  CHECK(read_otlp_reply({.status = 200, .reason = {}, .retry_after = {}, .body = R"({"partialSuccess":[1]})"}).taken);
}
