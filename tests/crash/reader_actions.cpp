// What roles do that read.

#include "crash/role_actions.hpp"

#include <poll.h>

#include <deque>
#include <optional>
#include <thread>

namespace crash {

using namespace std::chrono_literals;
using shmbus::Bus;
using shmbus::Delivery;
using shmbus::Error;
using shmbus::ErrorCode;
using shmbus::Event;
using shmbus::Start;
using shmbus::Status;

shmbus::SubscriberOptions reliable(const Stage& stage) {
  return {.start = Start::oldest(),
          .delivery = Delivery::reliable,
          .demote_after = stage.polite ? std::chrono::nanoseconds{20ms} : 0ns,
          .wait = shmbus::WaitStrategy::sleep()};
}

std::size_t read_some(shmbus::Subscriber& subscriber, EventChecker& checker) {
  const std::size_t n = subscriber.poll([&](const Event& event) { checker.check(event, subscriber); }, 64);
  if (n == 0) subscriber.wait(1ms);
  test::require(subscriber.status() == Status::ok, std::string("a reader: ") + shmbus::to_string(subscriber.status()));
  return n;
}

void read_lossy(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  shmbus::Subscriber subscriber = bus.subscriber(stage.topic, {.wait = shmbus::WaitStrategy::sleep()});
  EventChecker checker;
  stage.repeat([&] { read_some(subscriber, checker); });
}

void read_reliably(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  shmbus::Subscriber subscriber = bus.subscriber(stage.topic, reliable(stage));
  EventChecker checker;
  std::uint64_t rested = 0;
  stage.repeat([&] {
    read_some(subscriber, checker);
    if (checker.seen() / 256 != std::exchange(rested, checker.seen() / 256)) std::this_thread::sleep_for(300us);
  });
}

void read_and_retain(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  shmbus::Subscriber subscriber = bus.subscriber(stage.topic, {.start = Start::oldest()});
  EventChecker checker;
  std::deque<shmbus::RetainedEvent> retained;
  stage.repeat([&] {
    const std::size_t n = subscriber.poll([&](const Event& event) {
      checker.check(event, subscriber);
      if (event.sequence() % 16 == 0) retained.push_back(event.retain());
    });
    if (n == 0) subscriber.wait(1ms);
    while (retained.size() > 6) {
      test::require(test::SelfChecking::whole(retained.front()->payload()), "a torn retained event");
      retained.pop_front();
    }
  });
}

void read_by_descriptor(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  shmbus::Subscriber subscriber = bus.subscriber(stage.topic, reliable(stage));
  EventChecker checker;
  stage.repeat([&] {
    pollfd ready{.fd = subscriber.fd(), .events = POLLIN, .revents = 0};
    ::poll(&ready, 1, 2);
    while (subscriber.poll([&](const Event& event) { checker.check(event, subscriber); }) != 0) {
    }
  });
}

void fall_behind(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  shmbus::Subscriber subscriber = bus.subscriber(stage.topic, {.start = Start::oldest()});
  EventChecker checker;
  stage.repeat([&] {
    subscriber.poll([&](const Event& event) { checker.check(event, subscriber); }, 16);
    std::this_thread::sleep_for(300us);
  });
}

/// Reads with a flight recorder, handlers that throw included, and begins a new one now and then.
void record_calls(const Stage& stage) {
  struct Fifth {};
  Bus bus = Bus::open(stage.bus);
  stage.repeat([&] {
    shmbus::SubscriberOptions options = reliable(stage);
    options.record_calls = 16;
    shmbus::Subscriber subscriber = bus.subscriber(stage.topic, options);
    EventChecker checker;
    for (int i = 0; i < 20; ++i) {
      try {
        const auto handle = [&](const Event& event) {
          checker.check(event, subscriber);
          if (event.sequence() % 5 == 0) throw Fifth{};
        };
        if (subscriber.poll(handle, 16) == 0) subscriber.wait(1ms);
      } catch (const Fifth&) {
      }
    }
  });
}

/// Keeps a place in the ring, ends, and takes it over again. A name it was killed with is its own once more. While it is
/// stopped, publishers wait for it no longer than `demote_after`.
void hold_a_place(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  const std::string name = "h" + std::to_string(stage.self % 2);
  const shmbus::SubscriberOptions options{.start = Start::oldest(),
                                          .delivery = Delivery::reliable,
                                          .demote_after = 20ms,
                                          .durable = name,
                                          .hold_for = 5ms,
                                          .standby = true};
  std::uint64_t rounds = 0;
  stage.repeat([&] {
    {
      shmbus::Subscriber subscriber = bus.subscriber(stage.topic, options);
      for (int i = 0; i < 20; ++i) {
        subscriber.poll([](const Event&) {}, 64);
        subscriber.wait(1ms);
      }
    }
    if (++rounds % 8 != 0) return;
    try {
      bus.forget(name);
    } catch (const Error& error) {
      test::require(error.code() == ErrorCode::busy, error.what());
    }
  });
}

/// Holds a durable name, stands by for it, takes it over, and forgets it now and then. Each holder goes on behind what
/// the one before acknowledged.
void read_durably(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  const std::string name = "d" + std::to_string(stage.self), passing = "durable." + std::to_string(stage.self);
  const shmbus::SubscriberOptions options{.start = Start::oldest(), .durable = name, .standby = true};
  const shmbus::SubscriberOptions of_passing{.durable = "p" + name};
  std::uint64_t rounds = 0;
  stage.repeat([&] {
    std::uint64_t acknowledged = 0, last = 0;
    std::optional<shmbus::Subscriber> first(bus.subscriber(stage.topic, options));
    test::require(!first->standing_by(), "nobody else has this name");
    std::optional<shmbus::Subscriber> second(bus.subscriber(stage.topic, options));
    test::require(second->standing_by(), "a second one stands by");
    for (int i = 0; i < 3; ++i) {
      acknowledged = last;
      first->poll([&](const Event& event) { last = event.sequence(); }, 16);
    }
    first.reset();
    while (second->standing_by()) second->wait(1ms);
    std::uint64_t next = 0;
    for (int i = 0; i < 50 && next == 0; ++i) {
      second->poll([&](const Event& event) { next = event.sequence(); }, 1);
      if (next == 0) second->wait(1ms);
    }
    test::require(next == 0 || next > acknowledged, "an acknowledged event came again");
    test::require(next == 0 || last == acknowledged || next <= acknowledged + 1 + second->lost(),
                  "an event was left out that does not count as lost");
    {
      bus.topic(passing, topic_options("t"));
      const shmbus::Subscriber its = bus.subscriber(passing, of_passing);
    }
    bus.remove_topic(passing);
    second.reset();
    if (++rounds % 4 == 0) test::require(bus.forget(name), "it has that name");
  });
}

void listen_to_new_topics(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  shmbus::SubscriberOptions options = reliable(stage);
  shmbus::Subscriber subscriber = bus.subscriber("new.>", options);
  stage.repeat([&] {
    if (subscriber.poll([](const Event& event) {
          test::require(test::SelfChecking::whole(event.payload()), "a torn event");
        }) == 0) {
      subscriber.wait(1ms);
    }
  });
}

void subscribe_and_leave(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  stage.repeat([&] {
    shmbus::Subscriber subscriber = bus.subscriber("new.>", reliable(stage));
    subscriber.poll([](const Event&) {});
  });
}

/// Sleeps until the ring has moved past it, and reads on until it is back there.
void lag_and_catch_up(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  shmbus::Subscriber subscriber = bus.subscriber(stage.topic, {.start = Start::latest()});
  EventChecker checker;
  stage.repeat([&] {
    for (int empty = 0; empty < 3 && !stage.over();)
      empty = subscriber.poll([&](const Event& event) { checker.check(event, subscriber); }) == 0 ? empty + 1 : 0;
    std::this_thread::sleep_for(5ms);
  });
}

}  // namespace crash
