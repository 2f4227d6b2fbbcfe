// An event that is published inside a handler names the event that is handled, and goes on with its trace.

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "shmbus/scope.hpp"
#include "shmbus/shmbus.hpp"
#include "support/temporary_bus.hpp"
#include "support/time_limits.hpp"

using shmbus::Event;
using shmbus::EventId;
using shmbus::TopicOptions;
using shmbus::TraceContext;

namespace {

/// What an event says of where it comes from.
struct Origin {
  std::string text;
  EventId id;
  std::optional<EventId> cause;
  std::optional<TraceContext> trace;
  std::string tracestate;
};

Origin origin_of(const Event& event) {
  Origin origin{std::string(event.text()), event.id(), event.cause(), {}, {}};
  if (event.trace() != nullptr) origin.trace = *event.trace();
  origin.tracestate = event.header("tracestate").value_or("");
  return origin;
}

std::vector<Origin> read(shmbus::Subscriber& subscriber) {
  std::vector<Origin> origins;
  subscriber.poll([&](const Event& event) { origins.push_back(origin_of(event)); }, 10'000);
  return origins;
}

TraceContext some_trace() { return *TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03"); }

/// Subscribers of `work` and of `result` on one bus.
struct Stage {
  test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Subscriber work = bus.subscriber("work");
  shmbus::Subscriber result = bus.subscriber("result");
  shmbus::Publisher works = bus.publisher("work");

  /// Handles the events of `work` one after the other.
  template <class Handler>
  void handle(Handler handler, std::size_t limit = 256) {
    work.poll(handler, limit);
  }
};

}  // namespace

TEST_CASE("an event published in a handler names the event that is handled", "[cause]") {
  const bool timestamps = GENERATE(true, false);
  const auto writers = GENERATE(shmbus::Writers::shared, shmbus::Writers::exclusive);
  Stage stage;
  shmbus::Publisher results = stage.bus.publisher("result", {.timestamps = timestamps, .writers = writers});
  stage.works.publish("first");
  stage.works.publish("second");
  std::vector<EventId> handled;
  stage.handle([&](const Event& event) {
    handled.push_back(event.id());
    results.publish("a result of some twenty bytes");  // the quick way
    results.publish("short");                          // too short for it
    results.publish("keyed", {.key = "user-42"});      // with extensions of its own
  });
  results.publish("outside of handlers");

  const auto events = read(stage.result);
  REQUIRE(events.size() == 7);
  for (std::size_t i = 0; i < 6; ++i) {
    CAPTURE(i);
    const Origin& event = events[i];
    CHECK(event.cause == handled[i / 3]);
    REQUIRE(event.trace);
    CHECK(event.trace->trace_id == TraceContext::trace_id_of(handled[i / 3]));
    CHECK(event.trace->flags == TraceContext::kSampled);
    CHECK(event.trace->parent_id == events[i / 3 * 3].trace->parent_id);  // one call, one id
  }
  CHECK(events[0].trace->parent_id != events[3].trace->parent_id);
  CHECK_FALSE(events[6].cause);
  CHECK_FALSE(events[6].trace);
}

TEST_CASE("a trace goes on from event to event", "[cause]") {
  Stage stage;
  shmbus::Publisher again = stage.bus.publisher("work");
  stage.works.publish("begin");
  std::vector<Origin> chain;
  for (int i = 0; i < 4; ++i) {
    stage.handle([&](const Event& event) {
      chain.push_back(origin_of(event));
      again.publish("and so on, and so on");
    }, 1);
  }
  REQUIRE(chain.size() == 4);
  CHECK_FALSE(chain[0].trace);
  for (std::size_t i = 1; i < chain.size(); ++i) {
    CHECK(chain[i].cause == chain[i - 1].id);
    CHECK(chain[i].trace->trace_id == TraceContext::trace_id_of(chain[0].id));
  }
}

TEST_CASE("a trace context from outside is handed on unchanged, with its tracestate", "[cause]") {
  Stage stage;
  shmbus::Publisher results = stage.bus.publisher("result");
  const std::string longest(512, 'x'), too_long(513, 'x');
  stage.works.publish("1", {.trace = some_trace(), .headers = {{"tracestate", longest}}});
  stage.works.publish("2", {.trace = some_trace(), .headers = {{"other", "header"}, {"tracestate", too_long}}});
  stage.handle([&](const Event&) {
    results.publish("without options");
    results.publish("with its own tracestate", {.headers = {{"tracestate", "mine=1"}}});
    const std::array<std::string_view, 3> batch{"three", "in a", "batch"};
    results.publish_all(batch);
  });
  const auto events = read(stage.result);
  REQUIRE(events.size() == 10);
  for (const Origin& event : events) {
    CAPTURE(event.text);
    REQUIRE(event.trace);
    CHECK(event.trace->trace_id == some_trace().trace_id);
    CHECK(event.trace->flags == some_trace().flags);
    CHECK(event.trace->parent_id != some_trace().parent_id);
    CHECK(event.cause);
  }
  CHECK(events[0].tracestate == longest);
  CHECK(events[1].tracestate == "mine=1");
  CHECK(events[2].tracestate == longest);
  CHECK(events[5].tracestate.empty());  // too long to be handed on
}

TEST_CASE("a trace context that a handler gives is kept, and the cause is named", "[cause]") {
  Stage stage;
  shmbus::Publisher results = stage.bus.publisher("result");
  stage.works.publish("work");
  EventId handled;
  stage.handle([&](const Event& event) {
    handled = event.id();
    results.publish("result", {.trace = some_trace()});
  });
  const auto events = read(stage.result);
  REQUIRE(events.size() == 1);
  CHECK(events[0].trace == some_trace());
  CHECK(events[0].cause == handled);
}

TEST_CASE("batches and loans of a handler name their cause", "[cause]") {
  const bool timestamps = GENERATE(true, false);
  const auto writers = GENERATE(shmbus::Writers::shared, shmbus::Writers::exclusive);
  Stage stage;
  shmbus::Publisher results = stage.bus.publisher("result", {.block_size = 4096, .timestamps = timestamps, .writers = writers});
  const std::vector<std::string_view> batch(100, "an event of a batch, which crosses blocks");
  stage.works.publish("work");
  EventId handled;
  stage.handle([&](const Event& event) {
    handled = event.id();
    CHECK(results.publish_all(batch).published() == batch.size());
    shmbus::Loan loan = results.loan(40);
    std::fill(loan.payload().begin(), loan.payload().end(), std::byte{'x'});
    CHECK(loan.commit(7));
  });
  const auto events = read(stage.result);
  REQUIRE(events.size() == batch.size() + 1);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    CHECK(events[i].text == batch[i]);
    CHECK(events[i].cause == handled);
  }
  CHECK(events.back().text == "xxxxxxx");
  CHECK(events.back().cause == handled);
}

TEST_CASE("an event whose payload leaves no room for a cause is published without one", "[cause]") {
  Stage stage;
  shmbus::Publisher results = stage.bus.publisher("result", {.block_size = 4096});
  const std::string largest(results.topic().max_payload, 'x');
  stage.works.publish("work");
  stage.handle([&](const Event&) {
    CHECK(results.publish(largest));
    CHECK(results.publish(largest.substr(80)));
    CHECK(results.publish(largest.substr(79)));
    const std::array<std::string_view, 2> batch{largest, "small"};
    CHECK(results.publish_all(batch).published() == 2);
  });
  const auto events = read(stage.result);
  REQUIRE(events.size() == 5);
  CHECK(events[0].text == largest);
  CHECK_FALSE(events[0].cause);
  CHECK(events[1].cause);
  CHECK_FALSE(events[2].cause);
  CHECK_FALSE(events[3].cause);
  CHECK(events[4].cause);
}

TEST_CASE("through a bus without causes nothing is added", "[cause]") {
  Stage stage;
  shmbus::Bus silent = shmbus::Bus::open(stage.name.name(), {.causes = false});
  shmbus::Publisher results = silent.publisher("result");
  stage.works.publish("work", {.trace = some_trace()});
  stage.handle([&](const Event&) {
    results.publish("a result of some twenty bytes");
    results.publish("with a trace", {.trace = some_trace()});
  });
  const auto events = read(stage.result);
  REQUIRE(events.size() == 2);
  CHECK_FALSE(events[0].cause);
  CHECK_FALSE(events[0].trace);
  CHECK_FALSE(events[1].cause);
  CHECK(events[1].trace == some_trace());
}

TEST_CASE("a subscription's handler gives causes, on every worker", "[cause]") {
  const std::size_t workers = GENERATE(1, 3);
  CAPTURE(workers);
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Subscriber result = bus.subscriber("result");
  constexpr std::uint64_t kEvents = 200;
  {
    const auto subscription = bus.subscribe(
        "work",
        [&](const Event& event) {
          thread_local std::optional<shmbus::Publisher> results;
          if (!results) results = bus.publisher("result");
          results->publish(event.id().to_string());
          if (event.sequence() > kEvents - workers) results.reset();
        },
        {.workers = workers});
    shmbus::Publisher works = bus.publisher("work");
    for (std::uint64_t i = 0; i < kEvents; ++i) REQUIRE(works.publish("work"));
    test::wait_until("all are handled", [&] { return subscription.handled() == kEvents; });
  }
  const auto events = read(result);
  REQUIRE(events.size() == kEvents);
  for (const Origin& event : events) {
    REQUIRE(event.cause);
    CHECK(event.cause->to_string() == event.text);
  }
}

TEST_CASE("a Scope sets the cause on another thread, until it ends", "[cause]") {
  Stage stage;
  std::vector<shmbus::RetainedEvent> kept;
  stage.works.publish("first", {.trace = some_trace()});
  stage.works.publish("second");
  stage.handle([&](const Event& event) { kept.push_back(event.retain()); });
  std::thread([&] {
    shmbus::Publisher results = stage.bus.publisher("result");
    {
      const shmbus::Scope outer(*kept[0]);
      results.publish("of the first");
      {
        const shmbus::Scope inner(*kept[1]);
        results.publish("of the second");
      }
      results.publish("of the first again");
    }
    results.publish("of none");
    const shmbus::RetainedEvent moved = std::move(kept[1]);
    const shmbus::Scope nothing(*kept[1]);
    results.publish("of an event that was moved away");
  }).join();
  const auto events = read(stage.result);
  REQUIRE(events.size() == 5);
  CHECK(events[0].cause == kept[0]->id());
  CHECK(events[0].trace->trace_id == some_trace().trace_id);
  CHECK(events[1].cause->sequence == 2);
  CHECK(events[2].cause == kept[0]->id());
  CHECK_FALSE(events[3].cause);
  CHECK_FALSE(events[4].cause);
  CHECK_FALSE(events[4].trace);
}

TEST_CASE("the call ids of two subscriptions differ for the same event", "[cause]") {
  Stage stage;
  shmbus::Subscriber second = stage.bus.subscriber("work");
  shmbus::Publisher results = stage.bus.publisher("result");
  stage.works.publish("work");
  const auto publish = [&](const Event&) { results.publish("a result of some twenty bytes"); };
  stage.work.poll(publish);
  second.poll(publish);
  const auto events = read(stage.result);
  REQUIRE(events.size() == 2);
  CHECK(events[0].cause == events[1].cause);
  CHECK(events[0].trace->trace_id == events[1].trace->trace_id);
  CHECK(events[0].trace->parent_id != events[1].trace->parent_id);
}

TEST_CASE("a publisher that was there before the first handler names causes, too", "[cause]") {
  // In a process of its own no handler has run before: each test case is one.
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher results = bus.publisher("result");
  shmbus::Publisher works = bus.publisher("work");
  results.publish("adopts a block, and the quick functions");
  shmbus::Subscriber result = bus.subscriber("result");
  shmbus::Subscriber work = bus.subscriber("work");
  works.publish("work");
  work.poll([&](const Event&) { results.publish("a result of some twenty bytes"); });
  const auto events = read(result);
  REQUIRE(events.size() == 1);
  CHECK(events[0].cause);
}
