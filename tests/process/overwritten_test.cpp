// Words of the registry and of a topic that are overwritten while members have them open: each one is noticed, or does no
// harm.

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <string>

#include "layout/geometry.hpp"
#include "layout/registry.hpp"
#include "layout/tail.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/time_limits.hpp"
#include "support/refusal.hpp"
#include "support/segments.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::ErrorCode;
using shmbus::layout::RegistryHeader;
using shmbus::layout::TopicHeader;
using test::overwrite;

namespace {

struct alignas(64) Wide {
  std::array<float, 16> values;
};

}  // namespace

TEST_CASE("a node never gets the id that means no node", "[bad_input]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  const shmbus::Bus bus = shmbus::Bus::open(name.name());
  overwrite(segments.registry(), offsetof(RegistryHeader, next_node), std::uint64_t{0});
  test::expect_refusal({ErrorCode::corrupt, name.name(), "node id", "id 0"}, [&] { shmbus::Bus::open(name.name()); });
  // It never gets an id that is in use either: id 1 belongs to this process.
  test::expect_refusal({ErrorCode::corrupt, name.name(), "node id", "id 1"}, [&] { shmbus::Bus::open(name.name()); });
  CHECK(shmbus::Bus::open(name.name()).node() == 2);
}

TEST_CASE("a subscription never gets the id that means no subscription", "[bad_input]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  overwrite(segments.registry(), offsetof(RegistryHeader, next_subscription), std::uint64_t{0});
  const shmbus::Subscriber subscriber = bus.subscriber("t");
  REQUIRE(shmbus::Inspector(name.name()).snapshot().subscriptions.size() == 1);
  CHECK(shmbus::Inspector(name.name()).snapshot().subscriptions[0].id == 1);
}

TEST_CASE("overwriting the stall limit changes no wait of an attached member", "[bad_input]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 5ms});
  bus.topic("t");
  const auto limit = GENERATE(std::uint64_t{0}, std::uint64_t{1} << 62, ~std::uint64_t{0});
  overwrite(segments.registry(), offsetof(RegistryHeader, stall_limit_ns), limit);
  // A living node seems to be creating a topic: a subscriber waits for it, at most for the stall limit.
  using shmbus::layout::TopicPhase;
  const std::uint64_t entry = offsetof(RegistryHeader, topic_table) + sizeof(shmbus::layout::TopicEntry);
  overwrite(segments.registry(), entry, shmbus::layout::topic_state(TopicPhase::creating, bus.node(), 77));
  overwrite(segments.registry(), entry + 128, std::uint64_t{'x'});
  shmbus::Subscriber subscriber = bus.subscriber(">");
  CHECK(subscriber.topics() == 1);
  CHECK(!subscriber.wait(20ms));
  CHECK(bus.publisher("t").publish("x"));
  CHECK(subscriber.wait());
}

TEST_CASE("a reap skips a damaged topic and does the rest", "[bad_input]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("a");
  bus.topic("b");
  overwrite(segments.control("a"), 0, std::uint64_t{0});
  const std::string prefix = segments.registry().substr(0, segments.registry().size() - 8);  // without "registry"
  for (const char* orphan : {"a.log.999.0000000000000001", "b.log.999.0000000000000002"})
    std::ofstream(prefix + orphan) << "of a dead creator";
  shmbus::Bus other = shmbus::Bus::open(name.name());  // has neither topic open
  CHECK(other.reap().segments == 1);
}

TEST_CASE("an event at a place that its type's alignment forbids is not handed out as that type", "[bad_input]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  auto publisher = bus.publisher<Wide>("wide", {.block_size = 4096, .blocks = 4});
  publisher.publish({});
  const shmbus::layout::TailFormat format(4096);
  overwrite(segments.control("wide"), offsetof(TopicHeader, words.tail), format.make(1, 136, 1));
  shmbus::Subscriber subscriber = bus.subscriber("wide");
  publisher.publish({});
  bool seen = false;
  subscriber.poll([&](const shmbus::Event& event) {
    seen = true;
    CHECK(reinterpret_cast<std::uintptr_t>(event.payload().data()) % alignof(Wide) != 0);
    CHECK(event.as<Wide>() == nullptr);
  });
  CHECK(seen);
}
