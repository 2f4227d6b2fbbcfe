// Traces as a picture for ui.perfetto.dev, and as JSON.

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>

#include "json_writer.hpp"
#include "perfetto.hpp"
#include "support/chrome_trace.hpp"
#include "tool_trace_fixture.hpp"
#include "trace_json.hpp"

using namespace shmbus;
using namespace shmbus::tracing;
using test::ChromeTrace;
using test::TracedBus;

namespace {

const Time now = TracedBus::at(5e6);

ChromeTrace picture_of(const TracedBus& bus, std::size_t arrows_left_out = 0) {
  const PerfettoDocument document = perfetto_document(bus.traces(), now);
  const ChromeTrace picture = test::read_chrome_trace(document.json);
  CHECK(picture.slices.size() == document.slices);
  CHECK(picture.arrows.size() == document.arrows);
  CHECK(document.arrows_left_out == arrows_left_out);
  return picture;
}

std::string document_with(const std::string& events) { return R"({"traceEvents":[)" + events + "]}"; }

}  // namespace

TEST_CASE("each call is a slice of its worker, each event a slice where it was published, arrows lead to the calls",
          "[trace]") {
  const ChromeTrace picture = picture_of(test::watch());
  REQUIRE(picture.slices.size() == 7);
  REQUIRE(picture.arrows.size() == 4);
  std::set<std::string> arrows;
  for (const auto& arrow : picture.arrows) {
    arrows.insert(picture.processes.at(arrow.from.pid) + ' ' + arrow.from.name + " > " +
                  picture.processes.at(arrow.to.pid) + ' ' + arrow.to.name);
  }
  CHECK(arrows == std::set<std::string>{
                      "video-service publish video.watch_started > user-service process video.watch_started",
                      "video-service publish video.watch_started > ml-service process video.watch_started",
                      "video-service publish video.watch_started > badge-service process video.watch_started",
                      "user-service publish user.preferences_updated > ranking-service process user.preferences_updated"});
  CHECK(picture.processes.at(812) == "video-service");
  for (const auto& slice : picture.slices) {
    if (slice.name == "process video.watch_started" && picture.processes.at(slice.pid) == "ml-service") {
      CHECK(slice.begin == Approx(3));
      CHECK(slice.end == Approx(37003));
      CHECK(slice.arguments.at("error") == "no model");
    }
  }
}

TEST_CASE("an event whose call is not recorded has an arrow from the event that caused it", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 0);
  bus.child("b", 1, 2, bus.id("a", 1), TracedBus::call_id(9));
  const ChromeTrace picture = picture_of(bus);
  REQUIRE(picture.arrows.size() == 1);
  CHECK(picture.arrows[0].from.name == "publish a");
  CHECK(picture.arrows[0].to.name == "publish b");
}

TEST_CASE("two processes with one pid are two processes of the picture", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 0);
  bus.call("one", bus.id("a", 1), 1, 2);
  bus.call("two", bus.id("a", 1), 1, 2);
  bus.recorder("two").pid = bus.recorder("one").pid;
  std::set<std::string> names;
  for (const auto& [pid, name] : picture_of(bus).processes) names.insert(name);
  CHECK(names == std::set<std::string>{"unknown process", "one", "two"});
}

TEST_CASE("an arrow that would lead back in time is left out, and counted", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 100);
  bus.call("one", bus.id("a", 1), 1, 2);
  CHECK(picture_of(bus, 1).slices.size() == 2);
}

TEST_CASE("random events and calls make a picture that keeps the format's rules", "[trace]") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  for (int round = 0; round < 100; ++round) {
    TracedBus bus;
    const bool far = random() % 2 == 0;
    const auto any_time = [&] {
      return far ? Time{std::chrono::nanoseconds{static_cast<std::int64_t>(random())}}
                 : TracedBus::at(static_cast<double>(random() % 30) / 10);
    };
    for (std::uint64_t i = 1; i <= 30; ++i) {
      auto& event = bus.event("a", i, 0);
      event.time = any_time();
      if (random() % 2 == 0) event.cause = bus.id("a", 1 + random() % 30);
      if (random() % 2 == 0) event.trace = bus.foreign(1);
      if (event.trace) event.trace->parent_id = TracedBus::call_id(random() % 30);
      auto& call = bus.call("s" + std::to_string(random() % 3), bus.id("a", 1 + random() % 40), 0, std::nullopt);
      call.began = any_time();
      call.ended = any_time();
      call.outcome = static_cast<CallOutcome>(random() % 5);
      call.worker = random() % 2;
    }
    CHECK_NOTHROW(test::read_chrome_trace(perfetto_document(bus.traces(), now).json));
  }
}

TEST_CASE("the reader of the tests refuses pictures that break the rules", "[trace]") {
  const std::string names =
      R"({"ph":"M","name":"process_name","pid":1,"tid":0,"args":{"name":"p"}},)"
      R"({"ph":"M","name":"thread_name","pid":1,"tid":2,"args":{"name":"t"}},)";
  const std::string a = R"({"ph":"X","pid":1,"tid":2,"ts":0,"dur":10,"name":"a"})";
  const std::string s = R"(,{"ph":"s","pid":1,"tid":2,"ts":1,"cat":"c","name":"n","id":1})";
  const std::string f = R"(,{"ph":"f","bp":"e","pid":1,"tid":2,"ts":2,"cat":"c","name":"n","id":1})";
  CHECK_NOTHROW(test::read_chrome_trace(document_with(names + a + s + f)));
  CHECK_THROWS(test::read_chrome_trace(document_with(names + a + s)));
  CHECK_THROWS(test::read_chrome_trace(document_with(names + a + f)));
  CHECK_THROWS(test::read_chrome_trace(document_with(a)));
  CHECK_THROWS(test::read_chrome_trace(document_with(names + a + R"(,{"ph":"X","pid":1,"tid":2,"ts":5,"dur":9,"name":"b"})")));
  CHECK_THROWS(test::read_chrome_trace(document_with(names + R"({"ph":"B","pid":1,"tid":2,"ts":5,"name":"b"})")));
  CHECK_THROWS(test::read_chrome_trace(document_with(names + R"({"ph":"E","pid":1,"tid":2,"ts":5})")));
  CHECK_THROWS(test::read_chrome_trace(
      document_with(names + a + s + R"(,{"ph":"f","bp":"e","pid":1,"tid":2,"ts":20,"cat":"c","name":"n","id":1})")));
}

TEST_CASE("the JSON of a trace nests what was caused in what caused it", "[trace]") {
  const std::string line = trace_json(test::watch().traces().at(0));
  CHECK(std::count(line.begin(), line.end(), '\n') == 1);
  const auto json = nlohmann::json::parse(line);
  CHECK(json["duration_ns"] == 37'003'000);
  CHECK(json["partial"].empty());
  REQUIRE(json["roots"].size() == 1);
  const auto& root = json["roots"][0];
  CHECK(root["topic"] == "video.watch_started");
  CHECK(root["sequence"] == 50612);
  CHECK(root["pid"] == 812);
  REQUIRE(root["children"].size() == 3);
  const auto& user = root["children"][0];
  CHECK(user["subscriber"] == "user-service");
  CHECK(user["waited_ns"] == 2100);
  CHECK(user["took_ns"] == 11000);
  CHECK(user["children"][0]["topic"] == "user.preferences_updated");
  CHECK(user["children"][0]["children"][0]["subscriber"] == "ranking-service");
  CHECK(root["children"][1]["error"] == "no model");
  CHECK(root["children"][2]["outcome"] == "died");
  CHECK(root["children"][2]["took_ns"].is_null());
  CHECK(root["children"][2]["found_dead"] == "2024-05-01T12:00:01.200000000Z");
}

TEST_CASE("the JSON of a trace of any depth is whole", "[trace]") {
  TracedBus bus;
  bus.event("a", 1, 0);
  constexpr std::uint64_t deep = 50'000;
  for (std::uint64_t i = 2; i <= deep; ++i) bus.event("a", i, static_cast<double>(i)).cause = bus.id("a", i - 1);
  const std::string line = trace_json(bus.traces().at(0));
  CHECK(std::count(line.begin(), line.end(), '{') == deep + 1);
  CHECK(std::count(line.begin(), line.end(), '}') == deep + 1);
  CHECK_THAT(line, Catch::EndsWith("]}]}\n"));
}

TEST_CASE("text that is not UTF-8 makes JSON that is", "[trace]") {
  std::string out;
  JsonWriter{out}.text("a\"\\\n\x1b\x7f\xff caf\xc3\xa9 \xc3 \xf0\x9f\x98\x80 \xed\xa0\x80");
  CHECK(out == "\"a\\\"\\\\\\u000a\\u001b\\u007f\\ufffd caf\xc3\xa9 \\ufffd \xf0\x9f\x98\x80 \\ufffd\\ufffd\\ufffd\"");
  CHECK_NOTHROW(nlohmann::json::parse(out));
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  for (int i = 0; i < 500; ++i) {
    std::string bytes(random() % 20, ' ');
    for (char& c : bytes) c = static_cast<char>(random());
    std::string text;
    JsonWriter{text}.open_object().key(bytes).text(bytes).close_object();
    CHECK_NOTHROW(nlohmann::json::parse(text));
  }
}
