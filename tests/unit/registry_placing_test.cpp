// Ports placed for standing subscriptions: before the first event, each reliable one has a port that can hold publishers
// back.

#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "base/bus_name.hpp"
#include "base/pattern.hpp"
#include "base/topic_name.hpp"
#include "client/open_registry.hpp"
#include "log/ports.hpp"
#include "registry/subscription_table.hpp"
#include "registry/topic_table.hpp"
#include "shmbus/bus.hpp"
#include "support/temporary_bus.hpp"
#include "support/time_limits.hpp"
#include "topic/topic_segment.hpp"

using namespace shmbus::registry;
using shmbus::topic::TopicSegment;
namespace layout = shmbus::layout;

namespace {

Membership join(const std::string& bus) {
  return Membership::of(shmbus::detail::open_registry(shmbus::base::BusName(bus), {}));
}

const shmbus::base::TopicName kTopic("t");

/// A topic, announced and linked, and a reliable subscription to it.
struct Scene {
  Scene() {
    standing.node = member.node->id();
    standing.bell = member.node->entry();
    standing.user = ::geteuid();
    standing.reliable = true;
    entry = subscriptions.add(standing);
  }

  layout::SubscriberPort& port(unsigned i) { return segment->log().subscriber(i); }
  std::uint64_t placed_word() const { return standing.node | layout::kPlaced; }

  unsigned placed() {
    unsigned count = 0;
    for (unsigned i = 0; i < layout::kMaxSubscribers; ++i) {
      count += port(i).owner == placed_word() && port(i).subscription == standing.id && port(i).words.pin == 1;
    }
    return count;
  }

  test::TemporaryBus name;
  Membership member = join(name.name());
  SubscriptionTable subscriptions{*member.node};
  TopicTable topics{*member.node};
  StandingSubscription standing{.pattern = shmbus::base::Pattern("t")};
  unsigned entry = 0;
  TopicTable::Topic topic = topics.announce(kTopic, 7);
  std::shared_ptr<TopicSegment> segment =
      TopicSegment::create(member, kTopic, 7, {.block_size = 4096, .blocks = 2}, {});
};

}  // namespace

TEST_CASE("a port that is being filled is not taken for one that holds publishers back", "[placing]") {
  Scene scene;
  scene.port(0).owner = scene.standing.node | layout::kRepairing;
  scene.port(0).subscription = scene.standing.id;
  scene.segment->place_subscribers();
  CHECK(scene.placed() == 1);
}

TEST_CASE("a port in use that pins nothing yet is not taken for one that holds publishers back", "[placing]") {
  Scene scene;
  scene.port(0).owner = scene.standing.node;
  scene.port(0).subscription = scene.standing.id;
  scene.port(0).words.pin = shmbus::log::kNone;
  scene.segment->place_subscribers();
  CHECK(scene.placed() == 1);

  scene.port(0).words.pin = 1;  // from here on it holds them back
  scene.segment->place_subscribers();
  CHECK(scene.placed() == 1);
}

TEST_CASE("several members that place ports at one time leave at least one", "[placing]") {
  Scene scene;
  Membership others[] = {scene.member, join(scene.name.name()), join(scene.name.name())};
  std::vector<std::shared_ptr<TopicSegment>> segments;
  for (const Membership& member : others)
    segments.push_back(TopicSegment::find(member, kTopic, shmbus::platform::Access::read_only));
  for (unsigned round = 0; round < 5000 / test::slowness; ++round) {
    CAPTURE(round);
    std::atomic<std::size_t> ready{0};
    std::vector<std::thread> threads;
    for (const auto& segment : segments) {
      threads.emplace_back([&] {
        ready.fetch_add(1);
        while (ready < segments.size()) std::this_thread::yield();  // there may be fewer cores than threads
        segment->place_subscribers();
      });
    }
    for (std::thread& thread : threads) thread.join();
    REQUIRE(scene.placed() >= 1);  // surplus ports are withdrawn when the subscriber attaches or leaves
    for (unsigned i = 0; i < layout::kMaxSubscribers; ++i)
      shmbus::log::withdraw_port(scene.segment->log(), i, scene.standing.node, scene.standing.id);
    REQUIRE(scene.placed() == 0);
  }
}

TEST_CASE("a port placed for a subscriber that has left since holds no publisher back", "[placing]") {
  Scene scene;
  REQUIRE(scene.topics.make_ready(scene.topic));
  scene.topics.notify(scene.topic);
  shmbus::Bus bus = shmbus::Bus::open(scene.name.name());
  shmbus::Publisher publisher = bus.publisher("t");
  scene.segment->place_subscribers();  // as a member does that read the list before the subscriber left, and then dies
  REQUIRE(scene.placed() == 1);

  const std::string event(1000, 'x');
  unsigned published = 0;
  while (publisher.try_publish(event)) REQUIRE(++published < 100);
  CHECK(published > 0);  // the port holds publishers back for as long as the subscription stands
  scene.subscriptions.remove(scene.entry);
  CHECK(publisher.try_publish(event));
  CHECK(scene.placed() == 0);
}
