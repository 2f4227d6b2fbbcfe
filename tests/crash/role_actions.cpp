#include "crash/role_actions.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <deque>
#include <optional>
#include <thread>

#include "base/bus_name.hpp"
#include "client/open_registry.hpp"
#include "log/ports.hpp"
#include "platform/segment_file.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "topic/topic_segment.hpp"

namespace crash {

using namespace std::chrono_literals;
using shmbus::Bus;
using shmbus::Delivery;
using shmbus::Error;
using shmbus::ErrorCode;
using shmbus::Event;
using shmbus::Start;
using shmbus::Status;

namespace {

bool memory_short() { return shmbus::platform::crash_plan.blocks_of_memory != ~0u; }

void require_ok(Status status, const char* what) {
  const bool expected =
      status == Status::ok || status == Status::back_pressured || (status == Status::no_memory && memory_short());
  test::require(expected, std::string(what) + ": " + shmbus::to_string(status));
}

bool loan_one(shmbus::Publisher& publisher, std::span<const std::byte> payload, std::size_t more, bool abort) {
  shmbus::Loan loan = publisher.try_loan(payload.size() + more);
  require_ok(loan.status(), "a loan");
  if (!loan) return false;
  std::copy(payload.begin(), payload.end(), loan.payload().begin());
  if (abort) {
    loan.abort();
    return false;
  }
  return loan.commit(payload.size()).status() == Status::ok;
}

/// A trace, a header and a key that follow from the event's number, so that the checker can verify them.
shmbus::PublishOptions extended(std::string_view number) {
  return {.timeout = 5ms, .trace = shmbus::TraceContext{}, .headers = {{"number", number}}, .key = number};
}

/// Uses a bus that others may remove at any time.
template <class Step>
void on_a_passing_bus(Step step) {
  try {
    step();
  } catch (const Error& error) {
    test::require(error.code() == ErrorCode::closed || error.code() == ErrorCode::busy, error.what());
  }
}

}  // namespace

bool publish_one(shmbus::Publisher& publisher, std::uint64_t self, std::uint64_t number, bool may_abort) {
  const auto words = payload_of(self, number);
  const auto payload = std::as_bytes(std::span{words});
  const std::string number_text = std::to_string(number);
  Status status = Status::ok;
  switch (number % 8) {
    case 0:
      return loan_one(publisher, payload, 0, false);
    case 1:
      return loan_one(publisher, payload, 40, false);
    case 2:
      return loan_one(publisher, payload, 0, may_abort);
    case 3:
      status = publisher.publish_for(5ms, payload).status();
      break;
    case 5:
      status = publisher.publish(payload, extended(number_text)).status();
      break;
    case 6: {
      shmbus::Loan loan = publisher.loan(payload.size(), extended(number_text));
      if (loan) {
        std::copy(payload.begin(), payload.end(), loan.payload().begin());
        return loan.commit().status() == Status::ok;
      }
      status = loan.status();
      break;
    }
    default:
      status = publisher.try_publish(payload).status();
      if (status == Status::back_pressured) status = publisher.publish_for(5ms, payload).status();
  }
  require_ok(status, "a publish");
  return status == Status::ok;
}

std::size_t publish_several(shmbus::Publisher& publisher, std::uint64_t self, std::uint64_t number) {
  std::array<std::vector<std::uint64_t>, kBatch> words;
  std::array<std::span<const std::byte>, kBatch> payloads;
  for (std::size_t i = 0; i < kBatch; ++i) {
    words[i] = payload_of(self, number + i);
    payloads[i] = std::as_bytes(std::span{words[i]});
  }
  const shmbus::BatchResult result = publisher.publish_all_for(5ms, payloads);
  require_ok(result.status(), "a batch");
  test::require(result.published() <= kBatch && (!result || result.published() == kBatch), "a batch's count");
  return result.published();
}

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

void limit_memory(const Stage& stage) {
  if (stage.blocks_of_memory != 0) shmbus::platform::crash_plan.blocks_of_memory = stage.blocks_of_memory;
}

void publish(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  std::uint64_t number = 0;
  try {
    shmbus::Publisher publisher = bus.publisher(stage.topic, topic_options(stage.topic));
    stage.repeat([&] {
      if (number % 16 == 0) {  // all kinds of publish_one follow in turn, chosen by the number
        publish_several(publisher, stage.self, number + 1);
        number += kBatch;
      }
      publish_one(publisher, stage.self, ++number, true);
    });
  } catch (const Error& error) {
    test::require(error.code() == ErrorCode::busy, error.what());  // another publisher has the exclusive right
  }
}

/// Publishes with claims of one size only, so that two publishers can have equal claims.
void publish_alone_and_steadily(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  shmbus::Publisher publisher = bus.publisher(stage.topic, topic_options(stage.topic));
  std::uint64_t number = 0;
  stage.repeat([&] {
    number += 24;
    const auto words = payload_of(0, number);  // its length depends on the number alone
    std::vector<std::uint64_t> mine(words.size());
    test::SelfChecking::fill(mine, number << 8 | stage.self);
    require_ok(publisher.publish_for(5ms, std::as_bytes(std::span{mine})).status(), "a publish");
  });
}

/// The same with batches.
void publish_batches_alone_and_steadily(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  shmbus::Publisher publisher = bus.publisher(stage.topic, topic_options(stage.topic));
  std::uint64_t number = 0;
  std::array<std::array<std::uint64_t, 5>, kBatch> words{};
  std::array<std::span<const std::byte>, kBatch> payloads;
  stage.repeat([&] {
    for (std::size_t i = 0; i < kBatch; ++i) {
      test::SelfChecking::fill(words[i], ++number << 8 | stage.self);
      payloads[i] = std::as_bytes(std::span{words[i]});
    }
    require_ok(publisher.publish_all_for(5ms, payloads).status(), "a batch");
  });
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

/// Holds a durable name, stands by for it, takes it over, and forgets it now and then. Each holder goes on behind what
/// the one before acknowledged.
/// Keeps a place in the ring, ends, and takes it over again. A name it was killed with is its own once more.
void hold_a_place(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  const std::string name = "h" + std::to_string(stage.self % 2);
  const shmbus::SubscriberOptions options{
      .start = Start::oldest(), .delivery = Delivery::reliable, .durable = name, .hold_for = 5ms, .standby = true};
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

void come_and_go(const Stage& stage) {
  std::uint64_t number = 0;
  stage.repeat([&] {
    Bus bus = Bus::open(stage.bus);
    shmbus::Subscriber subscriber = bus.subscriber(stage.topic, reliable(stage));
    shmbus::Publisher publisher = bus.publisher(stage.topic, topic_options(stage.topic));
    EventChecker checker;
    for (int i = 0; i < 3; ++i) {
      if (publish_one(publisher, stage.self, ++number, true)) read_some(subscriber, checker);
    }
  });
}

void create_topics(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  std::uint64_t number = 0;
  stage.repeat([&] {
    const std::string topic = "new." + std::to_string(stage.self) + "." + std::to_string(++number);
    shmbus::Publisher publisher = bus.publisher(topic, topic_options("t"));
    publish_one(publisher, stage.self, number * 8 + 4, false);
    bus.remove_topic(topic);
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

void create_and_remove_one_topic(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  std::uint64_t number = 0;
  stage.repeat([&] {
    {
      shmbus::Publisher publisher = bus.publisher("rival", topic_options("t"));
      publisher.publish("x");
    }
    if (++number % 2 == 0) bus.remove_topic("rival");
  });
}

void make_and_remove_a_bus(const Stage& stage) {
  const std::string name = stage.bus + "b";
  stage.repeat([&] {
    on_a_passing_bus([&] {
      Bus bus = Bus::open(name);
      shmbus::Subscriber subscriber = bus.subscriber("t");
      bus.publisher("t", topic_options("t")).publish("x");
    });
    on_a_passing_bus([&] { Bus::remove(name); });
  });
}

/// Unlinks a registry by hand, and leaves the segments.
void lose_a_registry(const Stage& stage) {
  const std::string name = stage.bus + "b";
  const std::string path =
      std::string(shmbus::platform::SegmentFile::kFolder) + "/" + shmbus::base::BusName(name).registry_file();
  stage.repeat([&] {
    on_a_passing_bus([&] { Bus::open(name).publisher("t", topic_options("t")).publish("x"); });
    ::unlink(path.c_str());
    on_a_passing_bus([&] { Bus::open(name).publisher("t", topic_options("t")).publish("x"); });
  });
}

void record_types(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  std::uint64_t number = 0;
  stage.repeat([&] {
    const std::string topic = "raw." + std::to_string(stage.self) + "." + std::to_string(++number);
    bus.topic(topic, topic_options("t"));  // the first publisher decides what it carries
    if (number % 2 == 0)
      bus.publisher(topic).publish("x");
    else
      bus.publisher<test::Numbered>(topic).publish({stage.self, number});
    bus.remove_topic(topic);
  });
}

void reap(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  stage.repeat([&] {
    bus.reap();
    std::this_thread::sleep_for(100us);
  });
}

/// Claims, and commits only after a while.
void hold_a_loan(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  shmbus::Publisher publisher = bus.publisher(stage.topic, topic_options(stage.topic));
  std::uint64_t number = 0;
  stage.repeat([&] {
    const auto words = payload_of(stage.self, ++number);
    const auto payload = std::as_bytes(std::span{words});
    const std::size_t more = number % 4 == 1 ? 40 : 0;
    if (shmbus::Loan loan = publisher.try_loan(payload.size() + more)) {
      std::this_thread::sleep_for(300us);
      std::copy(payload.begin(), payload.end(), loan.payload().begin());
      if (number % 4 == 0)
        loan.abort();
      else
        loan.commit(payload.size());
    }
  });
}

/// Places a port for a subscription that has left the list, as a creator does that died before it withdrew the port. The
/// first publisher that the port holds back withdraws it.
void publish_beside_an_orphan(const Stage& stage) {
  namespace registry = shmbus::registry;
  Bus bus = Bus::open(stage.bus);
  const auto member =
      shmbus::registry::Membership::of(shmbus::detail::open_registry(shmbus::base::BusName(stage.bus), {}));
  std::uint64_t number = 0;
  stage.repeat([&] {
    const std::string topic = "orphan." + std::to_string(stage.self) + "." + std::to_string(++number);
    shmbus::Publisher publisher = bus.publisher(topic, topic_options("t"));
    const auto segment =
        shmbus::topic::TopicSegment::find(member, shmbus::base::TopicName(topic), shmbus::platform::Access::read_only);
    test::require(segment != nullptr, "its own topic is not there");
    constexpr std::uint64_t kGone = std::uint64_t{1} << 40, kFirst = 1;
    shmbus::log::attach_subscriber(segment->log(),
                                   {.node = member.node->id(),
                                    .bell = member.node->entry(),
                                    .subscription = kGone,
                                    .reliable = true,
                                    .placed = true},
                                   kFirst, kFirst);
    for (std::uint64_t i = 0; i < 200; ++i) publish_one(publisher, stage.self, i * 8 + 4, false);
    bus.remove_topic(topic);
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

void wait_for_the_disk(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  shmbus::Publisher publisher = bus.publisher(stage.topic, topic_options(stage.topic));
  std::uint64_t number = 0;
  stage.repeat([&] {
    const auto words = payload_of(stage.self, ++number);
    const auto result = publisher.publish_for(5ms, std::as_bytes(std::span{words}));
    if (result) publisher.wait_durable(result.sequence(), 20ms);
  });
}

/// Its files can't grow from some time on. Others take over when it dies.
void record_on_a_full_disk(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  shmbus::Publisher publisher = bus.publisher(stage.topic, topic_options(stage.topic));
  ::signal(SIGXFSZ, SIG_IGN);
  std::uint64_t number = 0;
  stage.repeat([&] {
    if (number == 20) {
      const rlimit limit{4096, 4096};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    const auto words = payload_of(stage.self, ++number);
    publisher.publish_for(5ms, std::as_bytes(std::span{words}));
  });
}

/// Makes a bus with a journal, lets its memory vanish as when the machine starts anew, and opens it again.
void revive_a_bus(const Stage& stage) {
  const std::string name = stage.bus + "b";
  std::uint64_t last = 0;
  stage.repeat([&] {
    for (const std::string& file : shmbus::platform::SegmentFile::list("shmbus." + name + "."))
      shmbus::platform::SegmentFile::unlink(file, file);
    on_a_passing_bus([&] {
      Bus bus = Bus::open(name);
      shmbus::Publisher publisher = bus.publisher("j", topic_options("j"));
      for (int i = 0; i < 20; ++i) {
        const auto result = publisher.publish("x");
        if (!result) continue;
        test::require(result.sequence() > last, "a number was given twice");
        last = result.sequence();
      }
    });
  });
  on_a_passing_bus([&] { Bus::remove(name); });
}

}  // namespace crash
