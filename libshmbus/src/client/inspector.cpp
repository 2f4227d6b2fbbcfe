#include "shmbus/inspector.hpp"

#include <algorithm>
#include <cstdlib>

#include "log/ports.hpp"
#include "platform/clock.hpp"
#include "platform/file_lock.hpp"
#include "registry/names.hpp"
#include "registry/registry.hpp"
#include "registry/topic_segment.hpp"
#include "registry/trust.hpp"
#include "shmbus/error.hpp"

namespace shmbus {

using layout::owner_node;
using platform::Access;
using platform::SegmentFile;

namespace {

/// A log's environment for somebody who only looks.
class Onlooker final : public log::Environment {
 public:
  std::uint64_t self() const noexcept override { return 0; }
  std::uint64_t bell() const noexcept override { return 0; }
  bool alive(std::uint64_t) noexcept override { return true; }
  bool back(std::uint32_t) noexcept override { return false; }
  void ring(std::uint64_t) noexcept override {}
  std::byte* writable(std::uint32_t) noexcept override { return nullptr; }
  log::Moment now() noexcept override { return {}; }
  std::int64_t to_ns(std::uint64_t, const log::Moment&) noexcept override { return 0; }
  std::uint64_t stall_limit_ns() const noexcept override { return 0; }
  std::uint64_t monotonic_ns() noexcept override { return platform::monotonic_ns(); }
  bool cycle_clock() const noexcept override { return true; }
  std::uint64_t slow_stamp() noexcept override { return 0; }
};

/// Sequence of the newest event, and of the oldest retained one. Numbers move while they are read: bounded tries.
void read_extent(const log::BlockLog& log, TopicSnapshot& topic) {
  constexpr int kTries = 64;
  for (int i = 0; i < kTries; ++i) {
    const std::uint64_t tail = log.tail().load(std::memory_order_acquire);
    const std::uint64_t newest = log.whole_number(tail);
    if (newest == 0) return;  // nothing published yet
    log::Block block;
    if (newest == log::kNone || log.find(newest, block) != log::Look::found) continue;
    topic.published = block.first_sequence + log.format().count(tail) - 1;
    std::uint64_t oldest = newest >= log.blocks() ? newest - log.blocks() + 1 : 1;
    for (; oldest < newest && log.find(oldest, block) != log::Look::found; ++oldest) {
    }
    if (log.find(oldest, block) != log::Look::found) continue;
    topic.oldest = block.first_sequence <= topic.published ? block.first_sequence : 0;
    return;
  }
  topic.problem = "its tail and ring do not fit each other";
}

}  // namespace

class Inspector::Impl {
 public:
  explicit Impl(const std::string& bus) : registry_(registry::Registry::find(bus, Access::read_only, {})) {
    if (!registry_) {
      throw Error(ErrorCode::not_found, {"bus '" + bus + "'", "to exist", "no such bus",
                                         "start a service that opens it, or check the name (shmbus ls --buses)"});
    }
  }

  BusSnapshot snapshot() {
    const layout::RegistryHeader& h = registry_->header();
    BusSnapshot bus;
    bus.name = registry_->bus();
    const registry::BusRecord& recorded = registry_->recorded();
    bus.incarnation = recorded.incarnation;
    bus.created = Time{std::chrono::nanoseconds{recorded.created_ns}};
    bus.mode = recorded.mode;
    bus.stall_limit = std::chrono::nanoseconds{recorded.stall_limit_ns};
    read_nodes(bus);
    read_subscriptions(bus);
    for (unsigned i = 0; i < registry_->topics(); ++i) {
      const layout::TopicEntry& entry = h.topic_table[i];
      const layout::TopicPhase phase = layout::topic_phase(entry.state.load(std::memory_order_acquire));
      if (phase != layout::TopicPhase::ready && phase != layout::TopicPhase::told) continue;
      const std::string name = entry.name.load();
      if (!registry::is_topic_name(name)) continue;  // broken bytes
      if (auto topic = read_topic(name, entry.id.load(std::memory_order_acquire)))
        bus.topics.push_back(std::move(*topic));
    }
    std::sort(bus.topics.begin(), bus.topics.end(),
              [](const auto& a, const auto& b) { return a.info.name < b.info.name; });
    return bus;
  }

 private:
  bool alive(std::uint64_t node) const noexcept {
    return platform::byte_locked(registry_->file().descriptor(), owner_node(node));
  }

  void read_nodes(BusSnapshot& bus) const {
    for (unsigned i = 0; i < registry_->nodes(); ++i) {
      const layout::NodeEntry& entry = registry_->header().node_table[i];
      NodeSnapshot node;
      node.id = entry.id.load(std::memory_order_acquire);
      if (node.id == 0) continue;
      node.pid = entry.pid.load(std::memory_order_relaxed);
      node.uid = entry.uid.load(std::memory_order_relaxed);
      node.program = entry.name.load();
      node.started = Time{std::chrono::nanoseconds{entry.started_ns.load(std::memory_order_relaxed)}};
      node.alive = alive(node.id);
      bus.nodes.push_back(std::move(node));
    }
  }

  void read_subscriptions(BusSnapshot& bus) const {
    for (unsigned i = 0; i < registry_->subscriptions(); ++i) {
      const layout::SubscriptionEntry& entry = registry_->header().subscription_table[i];
      SubscriptionSnapshot s;
      s.id = entry.id.load(std::memory_order_acquire);
      if (s.id == 0) continue;
      s.node = entry.owner.load(std::memory_order_acquire);
      s.pattern = entry.pattern.load();
      s.delivery = entry.reliable.load(std::memory_order_relaxed) != 0 ? Delivery::reliable : Delivery::lossy;
      bus.subscriptions.push_back(std::move(s));
    }
  }

  /// Nothing where the topic went away meanwhile.
  std::optional<TopicSnapshot> read_topic(const std::string& name, std::uint64_t id) const {
    TopicSnapshot topic;
    topic.info.name = name;
    topic.info.id = id;
    const std::string object = "topic '" + name + "'";
    try {
      const auto file = SegmentFile::open(registry::control_name(registry_->bus(), name), Access::read_only, object);
      if (!file) return std::nullopt;
      const platform::FileState state = file->state();
      registry::check_owner(state, registry_->owners(), object);
      if (state.size < sizeof(layout::TopicHeader))
        registry::check_size(state.size, sizeof(layout::TopicHeader), object);
      const platform::Mapping mapping(*file, Access::read_only, 0, state.size, object);
      auto& header = *reinterpret_cast<layout::TopicHeader*>(mapping.address());  // read only: the mapping sees to it
      const layout::Geometry geometry = registry::check_topic_header(header, state.size, object).geometry;
      Onlooker onlooker;
      const log::BlockLog log(&header, nullptr, geometry, onlooker);
      topic.info = registry::topic_info(header, geometry);
      topic.memory = std::uint64_t{std::min(header.backed.load(std::memory_order_acquire), geometry.physical_blocks)} *
                     geometry.block_size;
      topic.dropped_blocks = header.dropped.load(std::memory_order_relaxed);
      read_extent(log, topic);
      read_ports(log, topic);
    } catch (const Error& error) {
      topic.problem = error.what();
    }
    return topic;
  }

  void read_ports(const log::BlockLog& log, TopicSnapshot& topic) const {
    const layout::TopicHeader& header = log.header();
    log::for_each_port(header.publishers.load(std::memory_order_acquire), [&](unsigned i) {
      const layout::PublisherPort& port = log.publisher(i);
      PublisherSnapshot p;
      p.port = i;
      const std::uint64_t owner = port.owner.load(std::memory_order_acquire);
      p.node = owner_node(owner);
      p.alive = (owner & layout::kRepairing) == 0 && alive(owner);
      p.claim_open = port.where.load(std::memory_order_acquire) != log::kNone;
      topic.publishers.push_back(p);
    });
    const std::uint64_t sleeping = header.waiters.load(std::memory_order_relaxed);
    log::for_each_port(header.subscribers.load(std::memory_order_acquire), [&](unsigned i) {
      const layout::SubscriberPort& port = log.subscriber(i);
      SubscriberSnapshot s;
      s.port = i;
      const std::uint64_t owner = port.owner.load(std::memory_order_acquire);
      s.node = owner_node(owner);
      s.alive = (owner & layout::kRepairing) == 0 && alive(owner);
      s.name = port.name.load();
      s.delivery = (port.mode.load(std::memory_order_relaxed) & 1) != 0 ? Delivery::reliable : Delivery::lossy;
      s.next_sequence = port.position.load(std::memory_order_acquire);
      s.lag = topic.published + 1 > s.next_sequence ? topic.published + 1 - s.next_sequence : 0;
      s.delivered = port.delivered.load(std::memory_order_relaxed);
      s.lost = port.lost.load(std::memory_order_relaxed);
      s.sleeping = (sleeping >> i & 1) != 0;
      s.gating = s.delivery == Delivery::reliable && port.held_since.load(std::memory_order_relaxed) != 0;
      topic.subscribers.push_back(std::move(s));
    });
  }

  std::shared_ptr<registry::Registry> registry_;
};

Inspector::Inspector(std::string_view bus) : impl_(std::make_unique<Impl>(std::string(bus))) {}
Inspector::Inspector(Inspector&&) noexcept = default;
Inspector& Inspector::operator=(Inspector&&) noexcept = default;
Inspector::~Inspector() = default;

BusSnapshot Inspector::snapshot() { return impl_->snapshot(); }

std::vector<std::string> Inspector::buses() {
  std::vector<std::string> names;
  const std::string prefix = "shmbus.", suffix = ".registry";
  for (const std::string& file : SegmentFile::list(prefix)) {
    if (!file.ends_with(suffix) || file.size() <= prefix.size() + suffix.size()) continue;
    const std::string name = file.substr(prefix.size(), file.size() - prefix.size() - suffix.size());
    if (name.find('.') == std::string::npos) names.push_back(name);
  }
  return names;
}

}  // namespace shmbus
