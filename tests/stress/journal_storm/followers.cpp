// Durable subscriptions, whose holders are killed and replaced, and readers that look at journaled topics otherwise.

#include <thread>

#include "journal_storm/books.hpp"
#include "shmbus/shmbus.hpp"
#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"

namespace journal_storm {

using shmbus::Bus;
using shmbus::Event;
using shmbus::Record;
using shmbus::Start;
using shmbus::Status;
using shmbus::Subscriber;
using test::require;

namespace {

void add(Word& to, std::uint64_t n) { to.fetch_add(n, std::memory_order_relaxed); }

void check_whole(const Event& event) {
  require(test::SelfChecking::whole(event.payload()), "a torn event " + std::to_string(event.sequence()));
}

/// Enters that an event was handed out. It is the one that its publisher entered, where that has happened yet.
void enter(const Stage& stage, const Event& event) {
  check_whole(event);
  const std::uint64_t word =
      stage.books->published[stage.topic][event.sequence()].load(std::memory_order_acquire) & ~Entry::kDurable;
  require(word == 0 || word == test::SelfChecking::number(event.payload()),
          "another event than was published at " + std::to_string(event.sequence()));
  auto& times = stage.books->handed_out[stage.name][event.sequence()];
  add(stage.board().handed_out, 1);
  if (times.load() == 0) {
    times.store(1);
  } else {
    add(stage.board().again, 1);
  }
}

void check_losses(const Stage& stage, const Subscriber& subscriber) {
  require(subscriber.status() == Status::ok, shmbus::to_string(subscriber.status()));
  require(subscriber.lost() == 0 || stage.kind().may_miss, "a subscriber of a journaled topic lost events");
}

/// Whether all that was published has been handed out. Only of a topic that misses nothing.
bool all_handed_out(const Stage& stage) {
  const std::uint64_t end = stage.board().end[stage.topic];
  for (std::uint64_t s = 1; s <= end; ++s) {
    if (stage.books->published[stage.topic][s] != 0 && stage.books->handed_out[stage.name][s] == 0) return false;
  }
  return true;
}

}  // namespace

/// Holds the name, or stands by for it, and acknowledges some of the events by hand.
void follow(const Stage& stage, const test::Parent&) {
  Random random(stage.seed);
  stage.step("open the bus");
  Bus bus = Bus::open(stage.bus, stage.options(Record::none));
  const Name& name = kNames[stage.name];
  Word& acknowledged = stage.board().acknowledged[stage.name];
  stage.step("subscribe");
  Subscriber subscriber = bus.subscriber(
      stage.kind().name, {.durable = name.name, .acknowledge = shmbus::Acknowledge::manual, .standby = true});
  std::uint64_t last = 0;
  const std::uint64_t one_in = 1 + below(random, 60);
  while (!stage.board().to_the_end[stage.name]) {
    stage.step("poll");
    const std::size_t n = subscriber.poll(
        [&](const Event& event) {
          require(event.sequence() > acknowledged, "an acknowledged event is handed out again");
          require(event.sequence() > last, "a sequence that does not increase");
          if (last == 0) add(stage.board().take_overs, 1);
          last = event.sequence();
          enter(stage, event);
          if (!chance(random, one_in) && last != stage.board().end[stage.topic]) return;
          require(subscriber.acknowledge(event), "an event can't be acknowledged");
          acknowledged = last;
        },
        1 + below(random, 64));
    check_losses(stage, subscriber);
    if (last != 0 && last == stage.board().end[stage.topic]) stage.board().to_the_end[stage.name] = true;
    if (n == 0) subscriber.wait(20ms);
  }
}

/// The same with workers, which acknowledge when their handlers return.
void handle(const Stage& stage, const test::Parent&) {
  Random random(stage.seed);
  Bus bus = Bus::open(stage.bus, stage.options(Record::none));
  stage.step("subscribe");
  auto subscription = bus.subscribe(
      stage.kind().name, [&](const Event& event) { enter(stage, event); },
      shmbus::DispatchOptions{.subscriber = {.durable = kNames[stage.name].name, .standby = true},
                              .workers = 1 + below(random, 3)});
  while (!stage.board().to_the_end[stage.name]) {
    stage.step("handle");
    require(subscription.status() == Status::ok && subscription.handler_errors() == 0, "a handler failed");
    std::this_thread::sleep_for(5ms);
    if (stage.phase() == Phase::closing && all_handed_out(stage)) stage.board().to_the_end[stage.name] = true;
  }
}

/// Reads all of a topic from its first event to its last, always far behind, and misses nothing.
void lag_behind(const Stage& stage, const test::Parent& parent) {
  Random random(stage.seed);
  Bus bus = Bus::open(stage.bus, stage.options(Record::none));
  Subscriber subscriber = bus.subscriber(stage.kind().name, {.start = Start::oldest()});
  parent.say();
  std::uint64_t last = 0, events = 0;
  for (;;) {
    stage.step("poll");
    const std::uint64_t end = stage.board().end[stage.topic];
    if (end != 0 && last >= end) break;
    const std::size_t n = subscriber.poll([&](const Event& event) {
      require(event.sequence() > last, "a sequence that does not increase");
      last = event.sequence();
      ++events;
      check_whole(event);
    });
    check_losses(stage, subscriber);
    if (stage.phase() == Phase::storm && chance(random, 20)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(below(random, 400)));
    }
    if (n == 0) subscriber.wait(20ms);
  }
  stage.board().read[stage.topic] = events;
}

/// Sees events only when they are durable.
void see_durable(const Stage& stage, const test::Parent&) {
  stage.step("open the bus");
  Bus bus = Bus::open(stage.bus, stage.options(Record::none));
  Subscriber subscriber = bus.subscriber(stage.kind().name, {.see = shmbus::See::durable});
  const shmbus::Publisher asks = bus.publisher(stage.kind().name);
  for (std::uint64_t last = 0; stage.phase() == Phase::storm;) {
    stage.step("poll");
    const std::size_t n = subscriber.poll([&](const Event& event) {
      require(event.sequence() > last, "a sequence that does not increase");
      last = event.sequence();
      check_whole(event);
      require(asks.journal().durable >= last, "an event is seen that is not durable");
      add(stage.board().seen_durable, 1);
    });
    check_losses(stage, subscriber);
    if (n == 0) subscriber.wait(20ms);
  }
}

}  // namespace journal_storm
