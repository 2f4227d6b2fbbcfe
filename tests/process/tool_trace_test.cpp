// shmbus trace over a real bus: services that publish from their handlers, throw, and are killed in a handler.

#include <catch2/catch.hpp>

#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "layout/topic.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/chrome_trace.hpp"
#include "support/forked_process.hpp"
#include "support/http_receiver.hpp"
#include "support/otlp_reader.hpp"
#include "support/segments.hpp"
#include "support/temporary_folder.hpp"
#include "support/time_limits.hpp"
#include "tool_fixture.hpp"

using namespace std::chrono_literals;
using nlohmann::json;
using shmbus::Event;
using test::End;
using test::Finished;
using test::ForkedProcess;
using test::Parent;
using test::Tool;

namespace {

/// Services of one bus. `user` publishes to `preferences` from its handler, which `ranking` handles; `model` throws, and
/// publishes before it does; `badge` never returns from its handler.
struct Services {
  explicit Services(const Tool& tool)
      : name(tool.bus.name()),
        user([this](const Parent& parent) {
          shmbus::Bus bus = shmbus::Bus::open(name);
          auto publisher = bus.publisher("preferences");
          const auto subscription = bus.subscribe(
              "started", [&](const Event&) { publisher.publish("prefers"); }, named("user-service"));
          parent.say();
          parent.hear();
        }),
        ranking([this](const Parent& parent) {
          shmbus::Bus bus = shmbus::Bus::open(name);
          const auto subscription = bus.subscribe(
              "preferences", [&](const Event&) { std::this_thread::sleep_for(20ms); }, named("ranking-service"));
          parent.say();
          parent.hear();
        }),
        model([this](const Parent& parent) {
          shmbus::Bus bus = shmbus::Bus::open(name);
          auto publisher = bus.publisher("recommendation");
          const auto subscription = bus.subscribe(
              "started",
              [&](const Event&) {
                publisher.publish("recommends");
                throw std::runtime_error("no model");
              },
              named("model-service"));
          parent.say();
          parent.hear();
        }),
        badge([this](const Parent& parent) {
          shmbus::Bus bus = shmbus::Bus::open(name);
          const auto subscription = bus.subscribe(
              "started",
              [&](const Event& event) {
                if (event.text() != "stay") return;
                parent.say(7);
                parent.hear();
              },
              named("badge-service"));
          parent.say();
          std::this_thread::sleep_for(24h);
        }) {
    for (const ForkedProcess* service : {&user, &ranking, &model, &badge}) service->hear();
  }

  static shmbus::DispatchOptions named(const char* name) {
    shmbus::DispatchOptions options;
    options.subscriber.name = name;
    return options;
  }

  std::string name;
  ForkedProcess user, ranking, model, badge;
};

struct Watch {
  Watch() : services(tool), bus(shmbus::Bus::open(tool.bus.name())), publisher(bus.publisher("started")) {}

  /// Publishes, and waits until all that it leads to has happened; `badge` then stays in its handler, if asked to.
  shmbus::EventId publish(const std::string& text) {
    publisher.publish(text);
    ++published;
    if (text == "stay") services.badge.hear();
    const std::uint64_t staying = text == "stay" ? 1 : 0;
    // user and model, badge where it returned, and ranking
    test::wait_until("all handlers", [&] { return ended_calls() == 4 * published - staying; });
    return tool_event();
  }

  std::size_t ended_calls() {
    std::size_t ended = 0;
    for (const auto& recorder : inspector().recorders()) {
      for (const auto& call : recorder.calls) ended += call.ended ? 1 : 0;
    }
    return ended;
  }

  shmbus::EventId tool_event() { return inspector().events("started", 1).at(0).id; }
  shmbus::Inspector inspector() const { return shmbus::Inspector{tool.bus.name()}; }

  /// The objects that it prints, one a line.
  std::vector<json> traces(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "trace");
    arguments.push_back("--json");
    const Finished finished = tool.run(arguments);
    CHECK(finished.end == End{});
    std::vector<json> lines;
    std::istringstream stream{finished.out};
    for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
    return lines;
  }

  Tool tool;
  Services services;
  shmbus::Bus bus;
  shmbus::Publisher publisher;
  std::uint64_t published = 0;
};

const json& child(const json& parent, const std::string& member, const std::string& value) {
  for (const json& one : parent["children"]) {
    if (one.contains(member) && one[member] == value) return one;
  }
  throw std::runtime_error("no child with " + member + " " + value + ": " + parent.dump());
}

/// The same without times, which differ by nanoseconds each time they are converted.
json timeless(json value) {
  if (value.is_object()) {
    for (const char* name : {"began", "time", "duration_ns", "took_ns", "waited_ns"}) value.erase(name);
  }
  if (value.is_structured()) {
    for (json& part : value) part = timeless(part);
  }
  return value;
}

void check_tree(const json& trace, const shmbus::EventId& id) {
  INFO(trace.dump(1));
  CHECK(trace["partial"].empty());
  REQUIRE(trace["roots"].size() == 1);
  const json& root = trace["roots"][0];
  CHECK(root["event"] == id.to_string());
  CHECK(root["topic"] == "started");
  CHECK(root["children"].size() == 3);
  const json& user = child(root, "subscriber", "user-service");
  CHECK(user["outcome"] == "ok");
  const json& preferences = child(user, "topic", "preferences");
  const json& ranking = child(preferences, "subscriber", "ranking-service");
  CHECK(ranking["took_ns"] >= 20'000'000);
  CHECK(ranking["waited_ns"] > 0);
  const json& model = child(root, "subscriber", "model-service");
  CHECK(model["outcome"] == "threw");
  CHECK(model["error"] == "no model");
  child(model, "topic", "recommendation");
  CHECK(trace["duration_ns"] >= 20'000'000);
}

std::string read_file(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

TEST_CASE("an event is followed through all services, however it is named", "[tool][trace]") {
  Watch watch;
  watch.publish("before");
  const shmbus::EventId id = watch.publish("it");
  watch.publish("after");
  const std::string by_number = "started#" + std::to_string(id.sequence);
  for (const std::string& name : {id.to_string(), by_number}) {
    CAPTURE(name);
    const auto traces = watch.traces({name});
    REQUIRE(traces.size() == 1);
    check_tree(traces[0], id);
    const std::string trace_id = traces[0]["trace"];
    CHECK(timeless(watch.traces({trace_id})) == timeless(traces));
    CHECK(timeless(watch.traces({"00-" + trace_id + "-00f067aa0ba902b7-01"})) == timeless(traces));
  }
  // An event below names the whole trace, too.
  const json root = watch.traces({id.to_string()}).at(0)["roots"][0];
  const std::string below = child(child(root, "subscriber", "user-service"), "topic", "preferences")["event"];
  check_tree(watch.traces({below}).at(0), id);
  const auto last = watch.traces({"--last", "started"});
  REQUIRE(last.size() == 1);
  check_tree(last[0], watch.tool_event());
}

TEST_CASE("the tree is text with names, times and what was thrown", "[tool][trace]") {
  Watch watch;
  watch.publish("it");
  const Finished finished = watch.tool.run({"trace", "--last", "started"});
  CHECK(finished.end == End{});
  CHECK(finished.err == "");
  CHECK_THAT(finished.out, Catch::StartsWith("started #1   ") && Catch::Contains("user-service") &&
                               Catch::Contains("preferences #1") && Catch::Contains("threw \"no model\"") &&
                               Catch::Contains("ranking-service") && Catch::Contains("waited ") && Catch::Contains("took "));
}

TEST_CASE("traces are chosen by time, by failure and by length", "[tool][trace]") {
  Watch watch;
  const shmbus::EventId one = watch.publish("one"), two = watch.publish("two");
  const auto since = watch.traces({"--since", "1h"});
  REQUIRE(since.size() == 2);
  check_tree(since[0], one);
  check_tree(since[1], two);
  CHECK(timeless(watch.traces({"--failed"})) == timeless(since));
  CHECK(watch.traces({"--failed", "--since", "1h", "--slowest", "1"}).size() == 1);
  CHECK(watch.traces({"--slowest", "5"}).size() == 2);
  const auto slowest = watch.traces({"--slowest", "5"});
  CHECK(slowest[0]["duration_ns"] >= slowest[1]["duration_ns"]);
  std::this_thread::sleep_for(50ms);
  const Finished none = watch.tool.run({"trace", "--since", "1ms"});
  CHECK(none.out == "");
  CHECK_THAT(none.err, Catch::Contains("no such trace; looked at 0 events of 3 topics and 8 calls of 4 flight recorders"));
  CHECK_THAT(watch.tool.run({"trace", "--dead"}).err, Catch::Contains("no such trace; looked at"));
}

TEST_CASE("a process that was killed inside a handler is named, with the event and for how long", "[tool][trace]") {
  Watch watch;
  watch.publish("fine");
  const shmbus::EventId id = watch.publish("stay");
  const auto running = watch.traces({id.to_string()});
  CHECK(child(running.at(0)["roots"][0], "subscriber", "badge-service")["outcome"] == "running");
  std::this_thread::sleep_for(100ms);
  const pid_t pid = watch.services.badge.pid();
  watch.services.badge.kill();
  const auto dead = watch.traces({"--dead"});
  REQUIRE(dead.size() == 1);
  check_tree(dead[0], id);
  const json& badge = child(dead[0]["roots"][0], "subscriber", "badge-service");
  CHECK(badge["outcome"] == "died");
  CHECK(badge["pid"] == pid);
  const Finished text = watch.tool.run({"trace", "--dead"});
  CHECK_THAT(text.out, Catch::Contains("badge-service") &&
                           Catch::Contains("RUNNING when it died (pid " + std::to_string(pid) + ", began "));
  // Its recorder outlives it, also when what it left was freed.
  watch.bus.reap();
  CHECK_THAT(watch.tool.run({"trace", "--dead"}).out, Catch::Contains("found dead"));
}

TEST_CASE("traces are sent to a collector, and its refusal is shown", "[tool][trace]") {
  Watch watch;
  watch.publish("it");
  test::HttpReceiver receiver;
  const Finished sent = watch.tool.run({"trace", "--last", "started", "--otlp", receiver.url()});
  CHECK(sent.end == End{});
  CHECK(sent.out == "");
  const auto requests = receiver.requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].target == "/v1/traces");
  CHECK(requests[0].type == "application/json");
  const auto spans = test::read_otlp(requests[0].body);
  CHECK(spans.size() == 7);
  CHECK(test::absent_parents(spans).empty());
  receiver.answer_with(503, "full");
  const Finished refused = watch.tool.run({"trace", "--last", "started", "--otlp", receiver.url()});
  CHECK(refused.end == End{.status = 1});
  CHECK_THAT(refused.err, Catch::Contains("503 Service Unavailable: full; try again later"));
  const Finished https = watch.tool.run({"trace", "--last", "started", "--otlp", "https://localhost"});
  CHECK(https.end == End{.status = 1});
  CHECK_THAT(https.err, Catch::Contains("https is not supported"));
}

TEST_CASE("traces are written to files for other tools", "[tool][trace]") {
  Watch watch;
  watch.publish("it");
  const test::TemporaryFolder folder;
  const std::string otlp = folder.file("otlp.json"), perfetto = folder.file("perfetto.json");
  CHECK(watch.tool.run({"trace", "--last", "started", "--otlp", otlp, "--perfetto", perfetto}).end == End{});
  CHECK(test::read_otlp(read_file(otlp)).size() == 7);
  const auto picture = test::read_chrome_trace(read_file(perfetto));
  CHECK(picture.slices.size() == 7);
  CHECK(picture.arrows.size() == 4);
  const Finished to_output = watch.tool.run({"trace", "--last", "started", "--otlp", "-"});
  CHECK(test::read_otlp(to_output.out).size() == 7);
  const Finished nowhere = watch.tool.run({"trace", "--last", "started", "--perfetto", "/no/such/folder/file"});
  CHECK(nowhere.end == End{.status = 1});
  CHECK_THAT(nowhere.err, Catch::Contains("/no/such/folder/file"));
}

TEST_CASE("looking works while all services are stopped", "[tool][trace]") {
  Watch watch;
  const shmbus::EventId id = watch.publish("it");
  for (ForkedProcess* service : {&watch.services.user, &watch.services.ranking, &watch.services.model, &watch.services.badge})
    service->stop();
  check_tree(watch.traces({id.to_string()}).at(0), id);
  CHECK(watch.traces({"--failed"}).size() == 1);
}

TEST_CASE("a topic that was scribbled over is left out, with the reason", "[tool][trace]") {
  Watch watch;
  const shmbus::EventId id = watch.publish("it");
  const test::Segments segments{watch.tool.bus.name()};
  test::overwrite(segments.control("recommendation"), 0, std::uint64_t{0});
  const Finished finished = watch.tool.run({"trace", id.to_string(), "--json"});
  CHECK(finished.end == End{.status = 1});
  CHECK_THAT(finished.err, Catch::Contains("recommendation"));
  const json trace = json::parse(finished.out);
  CHECK(child(trace["roots"][0], "subscriber", "user-service")["children"].size() == 1);
  CHECK(child(trace["roots"][0], "subscriber", "model-service")["children"].empty());
}

TEST_CASE("an event that left the ring is a partial trace where calls of it are recorded", "[tool][trace]") {
  const Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  auto publisher = bus.publisher("small", {.block_size = 4096, .blocks = 2});
  const auto subscription = bus.subscribe("small", [](const Event&) {}, Services::named("service"));
  publisher.publish("first");
  test::wait_until("its handler", [&] { return subscription.handled() == 1; });
  const std::string filling(1000, 'x');
  for (int i = 0; i < 20; ++i) publisher.publish(filling);
  const Finished partial = tool.run({"trace", "small#1"});
  CHECK(partial.end == End{});
  CHECK_THAT(partial.out, Catch::StartsWith("small #1   (not read)\n") && Catch::Contains("service") &&
                              Catch::Contains("not whole: small #1: it left the ring; the oldest retained is #"));
  const Finished none = tool.run({"trace", "small#1000"});
  CHECK(none.end == End{.status = 1});
  CHECK_THAT(none.err, Catch::Contains("no event with id") && Catch::Contains("topic small retains #") &&
                           Catch::Contains("to #21"));
}

TEST_CASE("what does not go together is refused in words", "[tool][trace]") {
  const Tool tool;
  const shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  const auto refusal = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "trace");
    const Finished finished = tool.run(arguments);
    CHECK(finished.end == End{.status = 2});
    CHECK(finished.out == "");
    return finished.err;
  };
  CHECK_THAT(refusal({}), Catch::Contains("no trace is named: give EVENT, --last"));
  CHECK_THAT(refusal({"a#1", "--last", "a"}), Catch::Contains("exclude each other"));
  CHECK_THAT(refusal({"a#1", "--failed"}), Catch::Contains("EVENT names one trace"));
  CHECK_THAT(refusal({"--last", "a", "--slowest", "2"}), Catch::Contains("--last names one trace"));
  CHECK_THAT(refusal({"--slowest", "0"}), Catch::Contains("from 1"));
  CHECK_THAT(refusal({"nonsense"}), Catch::Contains("an event id, TOPIC#SEQUENCE"));
  CHECK_THAT(refusal({"--failed", "--json", "--otlp", "-"}), Catch::Contains("standard output"));
}
