// Flight recorders: the last handler calls of each subscription, also of those that ended and of the dead.

#include <catch2/catch.hpp>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shmbus/call_snapshot.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/temporary_bus.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using shmbus::CallOutcome;
using shmbus::CallSnapshot;
using shmbus::Event;
using shmbus::RecorderSnapshot;

namespace {

std::vector<RecorderSnapshot> recorders(const std::string& bus) { return shmbus::Inspector(bus).recorders(); }

RecorderSnapshot only_recorder(const std::string& bus) {
  auto all = recorders(bus);
  REQUIRE(all.size() == 1);
  return all.front();
}

std::vector<std::string> recorder_files(const std::string& bus) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
    const std::string name = entry.path().filename();
    if (name.starts_with("shmbus." + bus + ".calls.")) files.push_back(entry.path());
  }
  return files;
}

/// Writes a word into a file, as a program that scribbles would.
template <class Word>
void scribble(const std::string& path, std::streamoff offset, Word word) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(offset);
  file.write(reinterpret_cast<const char*>(&word), sizeof word);
  REQUIRE(file);
}
constexpr std::streamoff kEndedOffset = 1024;

}  // namespace

TEST_CASE("a subscription's handler calls are recorded, with what they threw", "[recorder]") {
  const std::size_t workers = GENERATE(1, 3);
  CAPTURE(workers);
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("work");
  std::vector<shmbus::EventId> ids;
  const auto subscription = bus.subscribe(
      "work",
      [](const Event& event) {
        std::this_thread::sleep_for(2ms);
        if (event.text() == "bad") throw std::runtime_error("no model");
        if (event.text() == "worse") throw 42;
      },
      {.subscriber = {.name = "tester"}, .workers = workers});
  for (const char* text : {"good", "bad", "worse", "good again"}) publisher.publish(text);
  test::wait_until("all are handled", [&] { return subscription.handled() == 4; });

  const RecorderSnapshot recorder = only_recorder(name.name());
  CHECK(recorder.problem.empty());
  CHECK(recorder.pid == ::getpid());
  CHECK(recorder.name == "tester");
  CHECK(recorder.pattern == "work");
  CHECK(recorder.capacity == 4096);
  CHECK(recorder.state == shmbus::NodeState::alive);
  CHECK_FALSE(recorder.ended);
  CHECK_FALSE(recorder.died);
  CHECK(recorder.overwritten == 0);
  REQUIRE(recorder.calls.size() == 4);
  std::set<std::uint64_t> sequences;
  for (const CallSnapshot& call : recorder.calls) {
    CAPTURE(call.event.sequence);
    sequences.insert(call.event.sequence);
    CHECK(call.topic == "work");
    CHECK(call.event.bus == bus.incarnation());
    REQUIRE(call.ended);
    CHECK(*call.ended - call.began >= 2ms);
    CHECK(call.worker < workers);
    if (call.event.sequence == 2) {
      CHECK(call.outcome == CallOutcome::threw);
      CHECK(call.error == "no model");
    } else if (call.event.sequence == 3) {
      CHECK(call.outcome == CallOutcome::threw);
      CHECK(call.error == "an object that is not a std::exception");
    } else {
      CHECK(call.outcome == CallOutcome::ok);
      CHECK(call.error.empty());
    }
  }
  CHECK(sequences == std::set<std::uint64_t>{1, 2, 3, 4});
}

TEST_CASE("the id of a call is the parent of what it published", "[recorder]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Subscriber results = bus.subscriber("result");
  shmbus::Publisher result = bus.publisher("result");
  const auto subscription = bus.subscribe("work", [&](const Event&) { result.publish("a result of some bytes"); });
  bus.publisher("work").publish("work");
  test::wait_until("it is handled", [&] { return subscription.handled() == 1; });
  std::optional<shmbus::TraceContext> trace;
  results.poll([&](const Event& event) { trace = *event.trace(); });
  REQUIRE(trace);
  const RecorderSnapshot recorder = only_recorder(name.name());
  REQUIRE(recorder.calls.size() == 1);
  CHECK(recorder.calls[0].id == trace->parent_id);
}

TEST_CASE("a recorder holds the last calls, and counts those that it overwrote", "[recorder]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("work");
  const auto subscription = bus.subscribe("work", [](const Event&) { throw std::runtime_error("each"); },
                                          {.subscriber = {.record_calls = 60}});
  for (int i = 0; i < 1000; ++i) publisher.publish("work");
  test::wait_until("all are handled", [&] { return subscription.handled() == 1000; });
  const RecorderSnapshot recorder = only_recorder(name.name());
  CHECK(recorder.capacity == 64);  // rounded up
  REQUIRE(recorder.calls.size() == 63);
  CHECK(recorder.overwritten == 1000 - 63);
  for (std::size_t i = 0; i < recorder.calls.size(); ++i) {
    CHECK(recorder.calls[i].event.sequence == 938 + i);
    CHECK(recorder.calls[i].error == (i >= 63 - 32 ? "each" : ""));  // the last 32 texts are kept
  }
}

TEST_CASE("record_calls = 0 records nothing, and a polling subscriber records when asked to", "[recorder]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("work");
  const auto silent = bus.subscribe("work", [](const Event&) {}, {.subscriber = {.record_calls = 0}});
  shmbus::Subscriber unrecorded = bus.subscriber("work");
  CHECK(recorder_files(name.name()).empty());

  shmbus::Subscriber recorded = bus.subscriber("work", {.record_calls = 100});
  publisher.publish("good");
  publisher.publish("bad");
  CHECK(recorded.poll([](const Event& event) { CHECK(event.text() == "good"); }, 1) == 1);
  CHECK_THROWS_WITH(recorded.poll([](const Event& event) { throw std::runtime_error(std::string(event.text())); }), "bad");
  CHECK(recorded.poll([](const Event&) {}) == 0);
  const RecorderSnapshot recorder = only_recorder(name.name());
  REQUIRE(recorder.calls.size() == 2);
  CHECK(recorder.calls[0].outcome == CallOutcome::ok);
  CHECK(recorder.calls[1].outcome == CallOutcome::threw);
  CHECK(recorder.calls[1].error == "bad");
}

TEST_CASE("record_calls out of range is refused", "[recorder]") {
  const auto calls = GENERATE(as<std::size_t>{}, 1, 15, (1u << 20) + 1);
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  CHECK_THROWS_WITH(bus.subscriber("work", {.record_calls = calls}), Catch::Contains("record_calls") && Catch::Contains("16 to 1048576"));
  CHECK_THROWS_WITH(bus.subscribe("work", [](const Event&) {}, {.subscriber = {.record_calls = calls}}),
                    Catch::Contains("record_calls"));
}

TEST_CASE("a recorder stays when its subscription ends, and its end is noted", "[recorder]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("work");
  {
    const auto subscription = bus.subscribe("work", [](const Event&) {});
    publisher.publish("work");
    test::wait_until("it is handled", [&] { return subscription.handled() == 1; });
  }
  const RecorderSnapshot recorder = only_recorder(name.name());
  CHECK(recorder.calls.size() == 1);
  CHECK(recorder.ended);
  CHECK_FALSE(recorder.died);
  bus.reap();
  CHECK(recorders(name.name()).size() == 1);
}

TEST_CASE("a handler that ends its thread is recorded", "[recorder]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  const auto subscription = bus.subscribe("work", [](const Event&) { ::pthread_exit(nullptr); });
  bus.publisher("work").publish("work");
  REQUIRE(subscription.wait());
  const RecorderSnapshot recorder = only_recorder(name.name());
  REQUIRE(recorder.calls.size() == 1);
  CHECK(recorder.calls[0].outcome == CallOutcome::ended_thread);
  CHECK(recorder.calls[0].ended);
}

TEST_CASE("what a dead process was handling stays recorded, and its death is noted once it is found", "[recorder]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  test::ForkedProcess victim([&](const test::Parent& parent) {
    shmbus::Bus own = shmbus::Bus::open(name.name());
    const auto subscription = own.subscribe("work", [&](const Event& event) {
      if (event.text() != "the last") return;
      parent.say();
      for (;;) std::this_thread::sleep_for(1h);
    });
    parent.say();
    for (;;) std::this_thread::sleep_for(1h);
  });
  victim.hear();
  shmbus::Publisher publisher = bus.publisher("work");
  publisher.publish("the first");
  const auto last = publisher.publish("the last");
  victim.hear();
  CHECK(only_recorder(name.name()).state == shmbus::NodeState::alive);
  const pid_t pid = victim.pid();
  victim.kill();

  RecorderSnapshot recorder = only_recorder(name.name());
  CHECK(recorder.state == shmbus::NodeState::dead);
  CHECK(recorder.died);
  CHECK_FALSE(recorder.ended);
  CHECK(recorder.pid == pid);
  REQUIRE(recorder.calls.size() == 2);
  CHECK(recorder.calls[0].outcome == CallOutcome::ok);
  CHECK(recorder.calls[1].outcome == CallOutcome::running);
  CHECK(recorder.calls[1].event.sequence == last.sequence());
  CHECK_FALSE(recorder.calls[1].ended);

  bus.reap();
  recorder = only_recorder(name.name());
  CHECK(recorder.died);
  REQUIRE(recorder.ended);
  CHECK(*recorder.ended > recorder.calls[1].began);
  const auto noted = recorder.ended;
  bus.reap();
  CHECK(only_recorder(name.name()).ended == noted);
}

TEST_CASE("a child that a handler forks records nothing", "[recorder]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Subscriber subscriber = bus.subscriber("work", {.record_calls = 16});
  bus.publisher("work").publish("work");
  bool in_child = false;
  pid_t child = 0;
  subscriber.poll([&](const Event&) {
    child = ::fork();
    in_child = child == 0;
  });
  if (in_child) ::_exit(subscriber.poll([](const Event&) {}) == 0 ? 0 : 1);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  const RecorderSnapshot recorder = only_recorder(name.name());
  REQUIRE(recorder.calls.size() == 1);
  CHECK(recorder.calls[0].outcome == CallOutcome::ok);
  CHECK_FALSE(recorder.ended);
}

TEST_CASE("a recorder is freed ten minutes after its end", "[recorder]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  { const auto subscription = bus.subscribe("work", [](const Event&) {}); }
  const auto files = recorder_files(name.name());
  REQUIRE(files.size() == 1);
  const std::int64_t now = std::chrono::system_clock::now().time_since_epoch() / 1ns;
  scribble(files[0], kEndedOffset, now - std::int64_t{599'000'000'000});
  bus.reap();
  CHECK(recorder_files(name.name()).size() == 1);
  scribble(files[0], kEndedOffset, now - std::int64_t{601'000'000'000});
  const auto leftovers = shmbus::Inspector(name.name()).leftovers();
  REQUIRE(leftovers.size() == 1);
  CHECK(leftovers[0].kind == shmbus::Leftover::Kind::recorder);
  CHECK(leftovers[0].reapable());
  CHECK(bus.reap().segments == 1);
  CHECK(recorder_files(name.name()).empty());
}

TEST_CASE("of the recorders that ended, the last 32 are kept, without anybody who cleans up", "[recorder]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  const auto working = bus.subscribe("work", [](const Event&) {});
  for (int i = 0; i < 40; ++i) const auto subscription = bus.subscribe("work", [](const Event&) {});
  CHECK(recorder_files(name.name()).size() == 1 + 32 + 1);  // a new one comes after those before it were counted
  bus.reap();
  CHECK(recorder_files(name.name()).size() == 1 + 32);
}

TEST_CASE("a damaged recorder is named, and the others are read", "[recorder]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  const auto first = bus.subscribe("work", [](const Event&) {});
  const auto files = recorder_files(name.name());
  REQUIRE(files.size() == 1);
  const auto second = bus.subscribe("work", [](const Event&) {});
  const auto [offset, expected] = GENERATE(table<std::streamoff, const char*>({
      {0, "a segment of shmbus"}, {8, "layout version"}, {12, "header"}, {56, "calls"}, {64, "calls"}}));
  CAPTURE(offset);
  scribble(files[0], offset, std::uint32_t{0x5a5a5a5a});
  const auto all = recorders(name.name());
  REQUIRE(all.size() == 2);
  const bool first_is_damaged = !all[0].problem.empty();
  CHECK(all[first_is_damaged ? 1 : 0].problem.empty());
  CHECK_THAT(all[first_is_damaged ? 0 : 1].problem, Catch::Contains(expected));
}

TEST_CASE("a recorder that is cut short stops recording, and its process goes on", "[recorder]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("work");
  const auto subscription = bus.subscribe("work", [](const Event&) {});
  const auto files = recorder_files(name.name());
  REQUIRE(files.size() == 1);
  std::filesystem::resize_file(files[0], 4096);
  std::this_thread::sleep_for(5ms);  // it looks once per millisecond
  for (int i = 0; i < 10; ++i) publisher.publish("work");
  test::wait_until("all are handled", [&] { return subscription.handled() == 10; });
  CHECK_THAT(only_recorder(name.name()).problem, Catch::Contains("bytes"));
}

TEST_CASE("calls are read whole while their thread records at full speed", "[recorder]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("work");
  const auto subscription = bus.subscribe("work", [](const Event&) {}, {.subscriber = {.record_calls = 16}});
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    const std::vector<std::string_view> batch(64, "work");
    while (!stop) publisher.publish_all(batch);
  });
  shmbus::Inspector inspector(name.name());
  std::size_t calls = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto all = inspector.recorders();
    REQUIRE(all.size() == 1);
    const CallSnapshot* last = nullptr;
    for (const CallSnapshot& call : all[0].calls) {
      ++calls;
      CHECK(call.topic == "work");
      CHECK((call.outcome == CallOutcome::ok || &call == &all[0].calls.back()));
      if (last != nullptr) CHECK(call.event.sequence > last->event.sequence);
      last = &call;
    }
  }
  stop = true;
  writer.join();
  CHECK(calls > 0);
}
