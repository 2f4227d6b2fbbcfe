#include "crash/survivors.hpp"

#include <thread>

#include "crash/role_actions.hpp"
#include "support/time_limits.hpp"

namespace crash {

using namespace std::chrono_literals;
using shmbus::Bus;
using shmbus::Delivery;
using shmbus::Error;
using shmbus::ErrorCode;
using Count = std::atomic<std::uint64_t>;

namespace {

/// Publishes, sometimes with an open loan and sometimes with a pause, so that readers meet open claims and sleep.
void survive_publishing(const Stage& stage, Count& count) {
  Bus bus = Bus::open(stage.bus);
  std::uint64_t number = 0;
  const auto publish_for_a_while = [&](shmbus::Publisher& publisher, std::uint64_t limit) {
    for (const std::uint64_t end = number + limit; number < end && !stage.over();) {
      if (number % 16 == 0) count = number += publish_several(publisher, stage.self, number + 1);
      if (publish_one(publisher, stage.self, number + 1, false)) count = ++number;
      if (number % 64 == 0) std::this_thread::sleep_for(50us);
    }
  };
  if (stage.topic != "x") {
    shmbus::Publisher publisher = bus.publisher(stage.topic, topic_options(stage.topic));
    publish_for_a_while(publisher, ~std::uint64_t{0} / 2);
    return;
  }
  while (!stage.over()) {
    try {
      shmbus::Publisher publisher = bus.publisher(stage.topic, topic_options(stage.topic));
      publish_for_a_while(publisher, 200);
    } catch (const Error& error) {
      test::require(error.code() == ErrorCode::busy, error.what());
    }
    std::this_thread::sleep_for(200us);
  }
}

/// Reads. A reliable reader misses no event of a survivor, unless it was demoted while a process was stopped.
void survive_reading(const Stage& stage, Delivery delivery, unsigned publishers, const Signals& signals, Count& count) {
  Bus bus = Bus::open(stage.bus);
  shmbus::SubscriberOptions options = reliable(stage);
  options.delivery = delivery;
  if (delivery == Delivery::lossy) options.demote_after = 0ns;
  options.start = shmbus::Start::latest();
  shmbus::Subscriber subscriber = bus.subscriber(stage.topic, options);
  EventChecker checker;
  for (;;) {
    const bool over = stage.over();
    const std::size_t n = read_some(subscriber, checker);
    count += n;
    if (over && n == 0) break;
  }
  test::require(checker.skipped() >= checker.lost(), "more lost than was left out");
  if (delivery == Delivery::reliable && !subscriber.demoted()) {
    test::require(subscriber.lost() == 0, "a reliable reader lost events");
    for (std::uint64_t p = 0; p < publishers; ++p) {
      test::require(checker.missed(p) == 0, "a reliable reader missed an event of a survivor");
    }
  } else {
    std::uint64_t survivors_missed = 0;
    for (std::uint64_t p = 0; p < publishers; ++p) survivors_missed += checker.missed(p);
    test::require(survivors_missed <= subscriber.lost(), "a reader missed events it did not count as lost");
  }
  test::require(signals.stopping || delivery == Delivery::lossy || !subscriber.demoted(), "a reader was demoted");
}

/// Goes on to the next topic when a standing subscriber has the first event of this one.
void survive_creating(const Stage& stage, const Count& heard, Count& count) {
  Bus bus = Bus::open(stage.bus);
  for (std::uint64_t number = 1; !stage.over(); ++number) {
    const std::string topic = "new.survivor." + std::to_string(number);
    {
      shmbus::Publisher publisher = bus.publisher(topic, topic_options("t"));
      const auto words = payload_of(stage.self, number);
      const auto result = publisher.publish(std::as_bytes(std::span{words}));
      test::require(result.status() == shmbus::Status::ok && result.sequence() == 1, "the first event of a topic");
    }
    const test::Deadline deadline;
    while (heard < number && !stage.over()) {
      std::this_thread::sleep_for(50us);
      deadline.check("a standing subscriber to get the first event of " + topic);
    }
    bus.remove_topic(topic);
    count = number;
  }
}

void survive_listening(const Stage& stage, const test::Parent& parent, Count& count) {
  Bus bus = Bus::open(stage.bus);
  shmbus::SubscriberOptions options = reliable(stage);
  options.demote_after = 0ns;
  shmbus::Subscriber subscriber = bus.subscriber("new.survivor.*", options);
  parent.say();
  while (!stage.over()) {
    const std::size_t n = subscriber.poll([&](const shmbus::Event& event) {
      test::require(test::SelfChecking::whole(event.payload()), "a torn event");
      test::require(test::SelfChecking::number(event.payload()) >> 8 == count + 1, "a topic's first event is missing");
      ++count;
    });
    if (n == 0) subscriber.wait(1ms);
  }
  test::require(subscriber.lost() == 0, "a reliable standing subscriber lost events");
}

}  // namespace

Survivors::Survivors(const Stage& stage, const Role& role, unsigned publishers, Signals& signals)
    : stage_(stage), signals_(signals) {
  for (auto& steps : signals.steps) steps = 0;
  stage_.time = 1h;
  stage_.over = [&signals] { return signals.over.load(); };
  if ((role.survivors & crash::publishers) != 0) {
    for (unsigned i = 0; i < publishers; ++i) add("publisher", 300 / publishers, survive_publishing);
  }
  if ((role.survivors & readers) != 0) {
    for (const Delivery delivery : {Delivery::lossy, Delivery::reliable}) {
      add(delivery == Delivery::lossy ? "lossy reader" : "reliable reader", 20,
          [&signals, delivery, publishers](const Stage& s, Count& count) {
            survive_reading(s, delivery, publishers, signals, count);
          });
    }
  }
  if ((role.survivors & creators) != 0) {
    const std::size_t listener = members_.size();
    const Stage self = stage_;
    Count& heard = signals.steps[listener];
    members_.push_back({"standing subscriber", 2, test::ForkedProcess([self, &heard](const test::Parent& parent) {
                          survive_listening(self, parent, heard);
                        })});
    members_.back().process.hear();  // its subscription is listed: from here on it misses no topic
    add("creator", 2, [&heard](const Stage& s, Count& count) { survive_creating(s, heard, count); });
  }
  if ((role.survivors & rivals) != 0) {
    add("rival", 1, [act = role.act](const Stage& s, Count& count) {
      Stage once = s;
      once.time = 1ms;
      while (!s.over()) {
        act(once);
        ++count;
      }
    });
  }
}

void Survivors::add(const std::string& what, std::uint64_t step, std::function<void(const Stage&, Count&)> act) {
  Stage stage = stage_;
  stage.self = members_.size();
  Count& count = signals_.steps[members_.size()];
  members_.push_back({what, step, test::ForkedProcess([stage, act, &count](const test::Parent&) {
                        limit_memory(stage);
                        act(stage, count);
                      })});
}

void Survivors::get_on(std::uint64_t steps) {
  const test::Deadline deadline;
  std::vector<std::uint64_t> from;
  for (std::size_t i = 0; i < members_.size(); ++i) from.push_back(signals_.steps[i]);
  for (std::size_t i = 0; i < members_.size(); ++i) {
    while (signals_.steps[i] < from[i] + steps * members_[i].step) {
      deadline.check("a " + members_[i].what + " to get on");
      std::this_thread::sleep_for(100us);
    }
  }
}

void Survivors::leave() {
  signals_.over = true;
  for (Member& member : members_) {
    if (member.process.wait() != test::End{}) throw std::runtime_error("a " + member.what + " was not content");
  }
  members_.clear();
}

}  // namespace crash
