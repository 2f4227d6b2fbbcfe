#include "inspect/topic_view.hpp"

#include <algorithm>

#include "log/ports.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

using layout::owner_node;
using std::chrono::nanoseconds;

namespace {

/// Returns how long ago a monotonic moment was. At least 1 ns, since 0 means "never"; 0 for a moment in the future.
nanoseconds age_of(std::uint64_t since_ns, std::uint64_t now_ns) noexcept {
  return nanoseconds{since_ns == 0 || since_ns > now_ns ? 0
                                                        : std::max<std::int64_t>(1, std::int64_t(now_ns - since_ns))};
}

SubscriberState worst(const SubscriberSnapshot& s) noexcept {
  if (!s.alive) return SubscriberState::dead;
  if (s.gating) return SubscriberState::gating;
  if (s.node_state == NodeState::stopped) return SubscriberState::stopped;
  if (s.lapped_now) return SubscriberState::lapped;
  return s.sleeping ? SubscriberState::sleeping : SubscriberState::spinning;
}

/// Sets the owner in a port's snapshot, and returns the state of that process, as far as the port is concerned.
template <class PortSnapshot>
NodeState name_holder(std::uint64_t owner, const NodeSnapshot& node, PortSnapshot& port) {
  port.node = node.id;
  port.pid = node.pid;
  port.program = node.program;
  port.alive = (owner & layout::kRepairing) == 0 && node.alive;
  return port.alive ? node.state : NodeState::dead;
}

std::chrono::nanoseconds age_of_stamp(registry::BusClock& clock, std::uint64_t stamp, double ns_per_stamp) {
  const auto units = static_cast<std::int64_t>(clock.stamp() - stamp);
  return nanoseconds(units > 0 ? static_cast<std::int64_t>(static_cast<double>(units) * ns_per_stamp) : 0);
}

HeldPlaceSnapshot look_at_place(const layout::SubscriberPort& port, unsigned number, const NodeSnapshot& node,
                                std::uint64_t owner, std::uint64_t now) {
  HeldPlaceSnapshot place;
  place.port = number;
  place.name = port.name.load();
  place.held = (owner & layout::kHeld) != 0 || !node.alive;
  place.node = node.id;
  place.pid = node.pid;
  place.program = node.program;
  place.node_state = place.held ? NodeState::dead : node.state;
  place.next_sequence = port.words.position.load(std::memory_order_acquire);
  const bool reliable = (port.mode.load(std::memory_order_relaxed) & 1) != 0;
  place.gating_for =
      reliable ? age_of(port.held_since.load(std::memory_order_relaxed), now) : std::chrono::nanoseconds{0};
  place.gating = place.gating_for.count() != 0;
  place.hold_for = nanoseconds(port.hold_for.load(std::memory_order_relaxed));
  return place;
}

}  // namespace

TopicView::TopicView(std::unique_ptr<InspectedLog> segment)
    : segment_(std::move(segment)),
      log_(&segment_->log()),
      times_(segment_->log_name(), segment_->object() + ", its log") {}

TopicView::~TopicView() = default;

std::unique_ptr<TopicView> TopicView::open(const registry::Registry& registry, const base::TopicName& name,
                                           std::uint64_t id) {
  auto segment = InspectedLog::open(registry, name, id);
  return segment ? std::unique_ptr<TopicView>(new TopicView(std::move(segment))) : nullptr;
}

TopicSnapshot TopicView::look(SnapshotContext& context) {
  segment_->check_size();
  const layout::TopicHeader& header = log_->header();
  TopicSnapshot topic;
  topic.info = topic::topic_info(header, segment_->recorded().geometry, log_->journal());
  const std::uint32_t backed = header.backed.load(std::memory_order_acquire);
  topic.memory = std::uint64_t{std::min(backed, segment_->recorded().geometry.physical_blocks)} * log_->block_size();
  topic.dropped_blocks = header.dropped.load(std::memory_order_relaxed);
  topic.repaired_claims = header.repaired_claims.load(std::memory_order_relaxed);
  topic.repaired_ports = header.repaired_ports.load(std::memory_order_relaxed);
  const log::End end = log::end_of(*log_);
  if (end.number == log::kNone)
    topic.problem = segment_->object() + ": corrupt: its tail and ring do not fit each other";
  else
    read_extent(end, topic);
  read_publishers(context, topic);
  read_subscribers(context, end, topic);
  if (log_->journal() != nullptr) read_journal(context, end, topic);
  return topic;
}

std::vector<EventSnapshot> TopicView::events(registry::BusClock& clock, std::size_t count, std::size_t max_payload) {
  segment_->check_size();
  if (!copies_) copies_.emplace(segment_->log_name(), segment_->object() + ", its log");
  return copies_->last(*log_, log::end_of(*log_), segment_->source(), clock, count, max_payload);
}

std::optional<std::chrono::nanoseconds> TopicView::event_age(registry::BusClock& clock, std::uint64_t sequence,
                                                             unsigned place) {
  segment_->check_size();
  const log::End end = log::end_of(*log_);
  if (!log_->timestamps() || end.number == log::kNone) return std::nullopt;
  const auto stamp = times_.stamp_of(*log_, layout::kMaxSubscribers + place, end.number, sequence);
  if (!stamp) return std::nullopt;
  return age_of_stamp(clock, *stamp, clock.ns_per_stamp());
}

/// Blocks leave the ring while it is read. Those that have left since the end was read are skipped.
void TopicView::read_extent(const log::End& end, TopicSnapshot& topic) const {
  topic.published = end.next_sequence - 1;
  topic.opened_blocks = end.number;
  topic.bytes = end.position(log_->block_size());
  if (end.number == 0) return;
  log::Block block;
  for (std::uint64_t n = log::oldest_block(*log_, end); n <= end.number; ++n) {
    if (log_->find(n, block) != log::FindResult::found) continue;
    topic.oldest = block.first_sequence <= topic.published ? block.first_sequence : 0;
    return;
  }
}

void TopicView::read_publishers(SnapshotContext& context, TopicSnapshot& topic) {
  const layout::TopicHeader& header = log_->header();
  log::for_each_port(header.publishers.load(std::memory_order_acquire), [&](unsigned i) {
    const layout::PublisherPort& port = log_->publisher(i);
    PublisherSnapshot p;
    p.port = i;
    const std::uint64_t owner = port.owner.load(std::memory_order_acquire);
    if (owner == 0) return;  // it is being attached or detached
    NodeSnapshot& node = context.nodes.at(owner_node(owner));
    ++node.publishers;
    p.state = name_holder(owner, node, p);
    p.published = port.words.published.load(std::memory_order_relaxed);
    p.bytes = port.words.bytes.load(std::memory_order_relaxed);
    if (log_->exclusive()) {  // derived: the topic's events since the publisher attached
      p.published = topic.published - std::min(p.published, topic.published);
      p.bytes = topic.bytes - std::min(p.bytes, topic.bytes);
    } else {
      p.bytes += p.published * log_->record_header();  // the port counts payloads only
    }
    p.waits = port.waits.load(std::memory_order_relaxed);
    if (p.alive) p.waiting_for = age_of(port.waiting_since.load(std::memory_order_relaxed), context.monotonic_ns);
    const std::uint64_t where = port.words.where.load(std::memory_order_acquire);
    p.claim_open = where != log::kNone;
    SeenClaim& seen = claims_[i];
    if (!p.claim_open || where != seen.where) seen = {where, context.monotonic_ns};
    if (p.claim_open) {
      p.claim = where;
      p.claim_age = nanoseconds(context.monotonic_ns - seen.since_ns);
    }
    topic.publishers.push_back(std::move(p));
  });
}

void TopicView::read_journal(SnapshotContext& context, const log::End& end, TopicSnapshot& topic) const {
  const layout::JournalWords& words = *log_->journal();
  const auto load = [](const std::atomic<std::uint64_t>& word) { return word.load(std::memory_order_acquire); };
  JournalSnapshot& j = topic.journal.emplace();
  j.node = load(words.recorder);
  if (j.node != 0) {
    const NodeSnapshot& node = context.nodes.at(j.node);
    j.pid = node.pid;
    j.program = node.program;
    j.alive = node.alive;
  }
  const std::uint64_t state = load(words.state);
  if (j.alive && state <= static_cast<std::uint64_t>(layout::RecorderState::low_space))
    j.state = static_cast<RecorderState>(state);
  j.durable = load(words.durable);
  j.recorded = std::max(load(words.recorded), j.durable);
  const std::uint64_t newest = end.number == log::kNone ? 0 : end.next_sequence - 1;
  j.unrecorded = newest > j.recorded ? newest - j.recorded : 0;
  j.not_durable = newest > j.durable ? newest - j.durable : 0;
  j.holds = (load(words.gate.mode) & 1) != 0;
  const std::uint64_t gate = load(words.gate.words.pin);
  j.holding = j.holds && end.number != log::kNone && end.offset >= log_->block_size() &&
              end.number + 1 > log_->blocks() && gate <= end.number + 1 - log_->blocks() &&
              load(log_->header().gated) != 0;
  j.missing = load(words.missing);
  j.missing_end = load(words.missing_end);
  j.failures = load(words.failures);
  j.error = static_cast<int>(load(words.error));
  j.hand_overs = load(words.hand_overs);
  j.frames = load(words.frames);
  j.bytes = load(words.bytes);
  j.syncs = load(words.syncs);
  j.sync_time = nanoseconds(load(words.sync_ns));
  j.longest_sync = nanoseconds(load(words.longest_sync_ns));
  j.files = load(words.files);
  j.files_bytes = load(words.files_bytes);
  j.first_held = load(words.first_held);
  j.free_bytes = load(words.free_bytes);
}

void TopicView::read_subscribers(SnapshotContext& context, const log::End& end, TopicSnapshot& topic) {
  const layout::TopicHeader& header = log_->header();
  const std::uint64_t sleeping = header.words.waiters.load(std::memory_order_relaxed);
  log::for_each_port(header.subscribers.load(std::memory_order_acquire), [&](unsigned i) {
    const layout::SubscriberPort& port = log_->subscriber(i);
    SubscriberSnapshot s;
    s.port = i;
    const std::uint64_t owner = port.owner.load(std::memory_order_acquire);
    if (owner == 0) return;  // it is being attached or detached
    NodeSnapshot& node = context.nodes.at(owner_node(owner));
    if (port.hold_for.load(std::memory_order_relaxed) != 0) {
      topic.places.push_back(look_at_place(port, i, node, owner, context.monotonic_ns));
      return;
    }
    ++node.subscribers;
    s.node_state = name_holder(owner, node, s);
    s.adopted = (owner & layout::kPlaced) == 0;
    s.name = port.name.load();
    s.delivery = (port.mode.load(std::memory_order_relaxed) & 1) != 0 ? Delivery::reliable : Delivery::lossy;
    const auto subscription = context.subscriptions.find(port.subscription.load(std::memory_order_relaxed));
    if (subscription != context.subscriptions.end()) {
      s.pattern = subscription->second.pattern;
      s.demoted = subscription->second.delivery == Delivery::reliable && s.delivery == Delivery::lossy;
    }
    s.sleeping = (sleeping >> i & 1) != 0;
    read_reader(context, end, topic, i, s);
    s.state = worst(s);
    topic.subscribers.push_back(std::move(s));
  });
}

void TopicView::read_reader(SnapshotContext& context, const log::End& end, const TopicSnapshot& topic, unsigned i,
                            SubscriberSnapshot& s) {
  const layout::SubscriberPort& port = log_->subscriber(i);
  s.demote_after = nanoseconds(port.demote_after.load(std::memory_order_relaxed));
  s.next_sequence = port.words.position.load(std::memory_order_acquire);
  s.lag = topic.published + 1 > s.next_sequence ? topic.published + 1 - s.next_sequence : 0;
  s.delivered = port.words.delivered.load(std::memory_order_relaxed);
  s.lost = port.words.lost.load(std::memory_order_relaxed);
  s.lapped = port.lapped.load(std::memory_order_relaxed);
  s.wakeups = port.wakeups.load(std::memory_order_relaxed);
  s.handler_errors = port.handler_errors.load(std::memory_order_relaxed);
  s.mismatched = port.mismatched.load(std::memory_order_relaxed);
  s.latency = latency(i, context.ns_per_stamp);
  if (log_->timestamps() && end.number != log::kNone) {
    if (s.lag == 0) {
      s.lag_time = nanoseconds{0};
    } else if (const auto stamp = times_.stamp_of(*log_, i, end.number, s.next_sequence)) {
      s.lag_time = age_of_stamp(context.clock, *stamp, context.ns_per_stamp);
    }
  }
  const std::uint64_t pin = port.words.pin.load(std::memory_order_acquire);
  s.pinned_block = pin == log::kNone ? 0 : pin;
  s.in_journal = log_->journal() != nullptr && pin == log::kNone && s.alive && s.adopted;
  for (const auto& slot : port.retained) {
    const std::uint64_t number = slot.load(std::memory_order_relaxed);
    if (number != log::kNone) s.retained_blocks.push_back(number);
  }
  s.lapped_now = lapped(port);
  s.gating_for = s.delivery == Delivery::reliable
                     ? age_of(port.held_since.load(std::memory_order_relaxed), context.monotonic_ns)
                     : nanoseconds{0};
  s.gating = s.gating_for.count() != 0;
}

/// A subscriber is lapped when the block that it pins has left the ring and, if it is still inside that block, the next
/// block has left the ring, too.
bool TopicView::lapped(const layout::SubscriberPort& port) const noexcept {
  const std::uint64_t pin = port.words.pin.load(std::memory_order_acquire);
  log::Block block;
  return pin != log::kNone && log_->find(pin, block) == log::FindResult::gone &&
         log_->find(pin + 1, block) == log::FindResult::gone;
}

Latency TopicView::latency(unsigned port, double ns_per_stamp) {
  if (!log_->timestamps() || log_->subscriber(port).latency.load(std::memory_order_acquire) != 1) return {};
  const std::uint64_t offset = segment_->recorded().geometry.latency_offset + port * sizeof(layout::LatencyHistogram);
  if (!segment_->mapping().expose(offset, sizeof(layout::LatencyHistogram))) return {};
  const auto& histogram = *reinterpret_cast<const layout::LatencyHistogram*>(segment_->mapping().address() + offset);
  std::vector<std::uint64_t> counts(layout::kLatencyBuckets);
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = histogram.counts[i].load(std::memory_order_relaxed);
  return {std::move(counts), ns_per_stamp};
}

}  // namespace shmbus::detail
