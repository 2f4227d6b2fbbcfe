// Attaching to a registry of any bytes: validation, the node, topic and subscription tables, the bus's clock, a node that
// joins and leaves, the inspector.

#include <cstdlib>
#include <memory>

#include "base/bus_name.hpp"
#include "fuzz/segment_folder.hpp"
#include "registry/bus_clock.hpp"
#include "registry/node.hpp"
#include "registry/subscription_table.hpp"
#include "registry/topic_table.hpp"
#include "shmbus/bus.hpp"
#include "shmbus/error.hpp"
#include "shmbus/inspector.hpp"

namespace {

using namespace shmbus::base;
using namespace shmbus::registry;
using shmbus::layout::NodeEntry;
using shmbus::layout::RegistryHeader;
using shmbus::layout::SubscriptionEntry;
using shmbus::layout::TopicEntry;
using shmbus::platform::Access;

constexpr std::uint64_t kTable = shmbus::layout::kPage;  // how much of each table is damaged

std::string path() { return "/dev/shm/" + BusName(fuzz::bus_name()).registry_file(); }

/// A bus with three topics and two subscriptions, as its members leave it if they die.
fuzz::SegmentCopy* make_segment() {
  shmbus::Bus bus = shmbus::Bus::open(fuzz::bus_name());
  for (const char* topic : {"a", "b.c", "b.d"}) bus.topic(topic, {.block_size = 4096, .blocks = 2});
  const shmbus::Subscriber one = bus.subscriber("b.*"), two = bus.subscriber(">");
  return new fuzz::SegmentCopy(path(), {{0, shmbus::layout::kPage},
                                        {offsetof(RegistryHeader, node_table), kTable},
                                        {offsetof(RegistryHeader, topic_table), kTable},
                                        {offsetof(RegistryHeader, subscription_table), kTable}});
}

constexpr std::uint16_t kHeaderFields[] = {
    offsetof(RegistryHeader, magic),          offsetof(RegistryHeader, version),
    offsetof(RegistryHeader, header_size),    offsetof(RegistryHeader, size),
    offsetof(RegistryHeader, incarnation),    offsetof(RegistryHeader, created_ns),
    offsetof(RegistryHeader, clock),          offsetof(RegistryHeader, created_cycles),
    offsetof(RegistryHeader, mode),           offsetof(RegistryHeader, next_node),
    offsetof(RegistryHeader, stall_limit_ns), offsetof(RegistryHeader, removed),
    offsetof(RegistryHeader, nodes),          offsetof(RegistryHeader, topics),
    offsetof(RegistryHeader, subscriptions),  offsetof(RegistryHeader, next_subscription)};
constexpr std::uint16_t kNodeFields[] = {offsetof(NodeEntry, id), 256, 512};
constexpr std::uint16_t kTopicFields[] = {0, 8, 128, 256, 264, 384, 512, 520, 640, 768};
constexpr std::uint16_t kSubscriptionFields[] = {0, 8, 16, 24, 32, 40, 64, 128, 256, 264, 320, 384};

void damage(const fuzz::SegmentCopy& segment, fuzz::Input& input) {
  const std::uint8_t table = input.take();
  const std::span<const std::uint16_t> fields[] = {kHeaderFields, kNodeFields, kTopicFields, kSubscriptionFields};
  fuzz::damage(segment.range(table % 4), fields[table % 4], input);
}

/// What members do with the tables.
void use(std::shared_ptr<Registry> registry, const fuzz::SegmentCopy& segment, fuzz::Input& input) {
  BusClock clock(registry->recorded());
  const shmbus::log::Moment opened{input.take<std::uint64_t>(), input.take<std::int64_t>()};
  clock.to_ns(input.take<std::uint64_t>(), opened);
  Node node(std::move(registry));
  if (node.id() == 0) std::abort();
  TopicTable topics(node);
  SubscriptionTable subscriptions(node);
  for (int i = 0; i < 3 && !input.empty(); ++i) {
    switch (input.below(8)) {
      case 0:
        for (auto& topic : topics.unfinished()) {
          if (input.chance())
            topics.discard(topic);
          else if (topics.make_ready(topic))
            topics.notify(topic);
        }
        break;
      case 1: {
        auto topic = topics.announce(TopicName("x.y"), 7);
        if (topics.make_ready(topic)) topics.notify(topic);
        topics.find(TopicName("x.y"), 7);
        break;
      }
      case 2: {
        StandingSubscription s{.node = node.id(), .pattern = Pattern("b.>")};
        const unsigned entry = subscriptions.add(s);
        if (!subscriptions.stands(s.id)) std::abort();
        subscriptions.remove(entry);
        break;
      }
      case 3:
        subscriptions.matching(TopicName("b.c"));
        subscriptions.ring_matching("b.c");
        subscriptions.tried_generation(input.take<std::uint64_t>());
        subscriptions.reap();
        break;
      case 4:
        node.reap();
        break;
      case 5:
        node.registry().ring(input.take<std::uint64_t>());
        node.alive(input.take<std::uint64_t>());
        break;
      default:
        damage(segment, input);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::SegmentCopy& segment = *make_segment();
  fuzz::Input input(data, size);
  segment.restore();
  const std::uint8_t how = input.take();
  if ((how & 15) == 15) segment.cut(input.take<std::uint16_t>() * std::uint64_t{37});
  if ((how & 15) == 14) fuzz::overwrite(segment.range(how >> 4 & 3), input);
  if ((how & 15) < 14) {
    for (int i = how & 7; i > 0; --i) damage(segment, input);
  }
  try {
    if ((how & 16) != 0) shmbus::Inspector(fuzz::bus_name()).snapshot();
    if (auto registry =
            Registry::find(BusName(fuzz::bus_name()), (how & 32) != 0 ? Access::read_only : Access::read_write, {});
        registry && (how & 32) == 0) {
      use(std::move(registry), segment, input);
    }
  } catch (const shmbus::Error&) {
  }
  return 0;
}
