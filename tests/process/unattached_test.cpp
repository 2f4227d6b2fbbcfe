// Matching topics that a subscriber cannot attach: it reports them, tries again whichever way it reads, and counts what it
// missed. No publisher is held back by a port that is never adopted.

#include <poll.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <functional>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/time_limits.hpp"
#include "support/privileges.hpp"
#include "support/shared_value.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::ErrorCode;
using shmbus::Event;
using shmbus::Start;
using shmbus::Status;
using test::ForkedProcess;
using test::Parent;

namespace {

constexpr shmbus::TopicOptions kSmall{.block_size = 4096, .blocks = 4};
constexpr std::uint64_t kMany = 1000;  // more than the ring of a small topic holds

/// Keeps this process from getting new descriptors until it is destroyed.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{0, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

/// One round of reading, for each kind of reader.
using Reader = std::function<std::size_t(shmbus::Subscriber&)>;

std::size_t poll_only(shmbus::Subscriber& s) {
  return s.poll([](const Event&) {});
}

std::size_t wait_too(shmbus::Subscriber& s) {
  s.wait(10ms);
  return poll_only(s);
}

std::size_t by_descriptor(shmbus::Subscriber& s) {
  pollfd ready{.fd = s.fd(), .events = POLLIN, .revents = 0};
  ::poll(&ready, 1, 50);
  std::size_t all = 0;
  while (const std::size_t n = poll_only(s)) all += n;
  return all;
}

struct Kind {
  const char* name;
  Reader read;
  shmbus::WaitStrategy wait;
};

const std::vector<Kind> kKinds = {{"poll alone", poll_only, shmbus::WaitStrategy::sleep()},
                                  {"wait, sleeping", wait_too, shmbus::WaitStrategy::sleep()},
                                  {"wait, spinning", wait_too, shmbus::WaitStrategy::spin()},
                                  {"descriptor", by_descriptor, shmbus::WaitStrategy::sleep()}};

/// Reads until all topics are attached.
void read_until_complete(shmbus::Subscriber& subscriber, const Reader& read) {
  const test::Deadline deadline;
  while (subscriber.status() == Status::incomplete) {
    read(subscriber);
    deadline.check("the topic to be attached");
  }
}

}  // namespace

TEST_CASE("a topic without a free port is reported, and attached once there is one", "[unattached]") {
  const Kind& kind = kKinds[GENERATE(0u, 1u, 2u, 3u)];
  INFO(kind.name);
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 50ms});
  shmbus::Publisher full = bus.publisher("full", kSmall), other = bus.publisher("other", kSmall);
  std::vector<shmbus::Subscriber> crowd;
  for (int i = 0; i < 64; ++i) crowd.push_back(bus.subscriber("full"));
  shmbus::Subscriber all = bus.subscriber(">", {.wait = kind.wait});
  CHECK(all.status() == Status::incomplete);
  REQUIRE(all.unattached().size() == 1);
  CHECK(all.unattached()[0].topic == "full");
  CHECK(all.unattached()[0].code == ErrorCode::limit);
  CHECK_THAT(all.unattached()[0].reason, Catch::Contains("at most 64 subscribers"));
  CHECK_THROWS_AS(bus.subscriber("full"), shmbus::Error);  // a topic asked for by name must be attached

  for (std::uint64_t i = 0; i < kMany; ++i) REQUIRE(full.publish("missed, at least some"));
  REQUIRE(other.publish("seen"));
  crowd.clear();
  read_until_complete(all, kind.read);
  while (kind.read(all) != 0) {
  }
  CHECK(all.status() == Status::ok);
  CHECK(all.unattached().empty());
  CHECK(all.topics() == 2);
  CHECK(all.lost() > 0);
  CHECK(all.delivered() + all.lost() == kMany + 1);
}

TEST_CASE("a topic that can't be attached for want of descriptors is reported, and every kind of reader recovers",
          "[unattached]") {
  const Kind& kind = kKinds[GENERATE(0u, 1u, 2u, 3u)];
  const auto delivery = GENERATE(Delivery::lossy, Delivery::reliable);
  INFO(kind.name << (delivery == Delivery::reliable ? ", reliable" : ", lossy"));
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 50ms});
  const test::SharedValue<std::atomic<int>> published;
  ForkedProcess reader{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Subscriber all = member.subscriber(">", {.delivery = delivery, .wait = kind.wait});
    kind.read(all);  // opens the reader's own descriptor
    {
      const NoDescriptors none;
      parent.say();
      const test::Deadline deadline;
      while (all.status() != Status::incomplete) {
        kind.read(all);
        deadline.check("the topic to be missed");
      }
      test::require(all.unattached().size() == 1 && all.unattached()[0].code == ErrorCode::limit, "the reason");
      parent.say();
      while (published->load() == 0) {  // all events must be published: no publisher is held back forever
        kind.read(all);
        deadline.check("all to be published");
      }
    }
    read_until_complete(all, kind.read);
    const test::Deadline deadline;
    while (all.delivered() + all.lost() < kMany) {
      kind.read(all);
      deadline.check("all to be seen or lost");
    }
    test::require(all.delivered() + all.lost() == kMany, "seen and lost are not what was published");
    test::require(all.lost() > 0, "more was seen than the ring holds");
  }};
  reader.hear();
  shmbus::Publisher publisher = bus.publisher("t", kSmall);
  REQUIRE(publisher.publish("first"));
  reader.hear();
  for (std::uint64_t i = 1; i < kMany; ++i) REQUIRE(publisher.publish_for(test::patience / 2, "more"));
  published->store(1);
  CHECK(reader.wait() == test::End{});
}

TEST_CASE("no port is placed for a subscriber that does not trust the topic's owner", "[unattached]") {
  if (!test::have_root()) return;
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = 0666, .stall_limit = 50ms});
  shmbus::Subscriber all = bus.subscriber(">", {.delivery = Delivery::reliable});
  test::run_as({}, [&] {
    shmbus::Bus stranger = shmbus::Bus::open(name.name(), {.owners = {0}});
    shmbus::Publisher publisher = stranger.publisher("theirs", {.block_size = 4096, .blocks = 4, .mode = 0666});
    for (std::uint64_t i = 0; i < kMany; ++i) test::require(bool{publisher.publish_for(30s, "x")}, "held back");
  });
  CHECK(all.poll([](const Event&) {}) == 0);
  CHECK(all.status() == Status::incomplete);
  REQUIRE(all.unattached().size() == 1);
  CHECK(all.unattached()[0].code == ErrorCode::untrusted);
  // An inspector of the bus sees it too.
  const shmbus::BusSnapshot look = shmbus::Inspector(name.name(), {65'534}).snapshot();
  REQUIRE(look.subscriptions.size() == 1);
  REQUIRE(look.subscriptions[0].unattached.size() == 1);
  CHECK(look.subscriptions[0].unattached[0].topic == "theirs");
  CHECK(look.subscriptions[0].unattached[0].code == ErrorCode::untrusted);
}

TEST_CASE("a topic that a user may not open is reported, and read once the user may open it", "[unattached]") {
  if (!test::have_root()) return;
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = 0666, .stall_limit = 50ms});
  shmbus::Publisher hidden = bus.publisher("hidden");
  test::run_as({}, [&] {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Subscriber all = member.subscriber(">");
    test::require(all.status() == Status::incomplete && all.topics() == 0, "incomplete");
    test::require(all.unattached().at(0).code == ErrorCode::permission, "the reason");
  });
}

TEST_CASE("a stopped reliable subscriber still holds publishers back with the port placed for it", "[unattached]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 20ms});
  ForkedProcess reader{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Subscriber all = member.subscriber(">", {.delivery = Delivery::reliable});
    parent.say();
    const test::Deadline deadline;
    while (all.delivered() < kMany) {
      if (all.poll([](const Event&) {}) == 0) all.wait(10ms);
      deadline.check("events");
    }
    test::require(all.lost() == 0, "lost");
  }};
  reader.hear();
  reader.stop();
  shmbus::Publisher publisher = bus.publisher("t", kSmall);
  std::uint64_t published = 0;
  while (publisher.publish_for(300ms, "x")) ++published;  // waits for many stall limits
  CHECK(published < kMany);
  reader.resume();
  for (; published < kMany; ++published) REQUIRE(publisher.publish("x"));
  CHECK(reader.wait() == test::End{});
}

TEST_CASE("a subscription with handlers reports a topic that it could not attach, and attaches it later",
          "[unattached]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 20ms});
  shmbus::Publisher publisher = bus.publisher("full", kSmall);
  std::vector<shmbus::Subscriber> crowd;
  for (int i = 0; i < 64; ++i) crowd.push_back(bus.subscriber("full"));
  shmbus::Subscription all = bus.subscribe(">", [](const Event&) {});
  CHECK(all.status() == Status::incomplete);
  REQUIRE(all.unattached().size() == 1);
  CHECK(all.unattached()[0].topic == "full");
  CHECK(all.unattached()[0].code == ErrorCode::limit);
  crowd.clear();
  test::wait_until("the topic to be attached", [&] { return all.status() == Status::ok; });
  REQUIRE(publisher.publish("x"));
  test::wait_until("the event", [&] { return all.handled() == 1; });
  CHECK(all.unattached().empty());
}
