// The ring of a topic, for display.

#include <algorithm>

#include "inspect/topic_view.hpp"
#include "log/ports.hpp"

namespace shmbus::detail {

namespace {

/// The numbers of the blocks that a subscriber's port keeps.
struct Keeper {
  std::uint64_t bit = 0;
  std::uint64_t pin = log::kNone;
  std::vector<std::uint64_t> retained;
  bool gating = false;
};

std::vector<Keeper> keepers_of(const log::BlockLog& log) {
  std::vector<Keeper> keepers;
  log::for_each_port(log.header().subscribers.load(std::memory_order_acquire), [&](unsigned i) {
    const layout::SubscriberPort& port = log.subscriber(i);
    Keeper keeper;
    keeper.bit = std::uint64_t{1} << i;
    keeper.pin = port.words.pin.load(std::memory_order_acquire);
    for (const auto& slot : port.retained) {
      const std::uint64_t number = slot.load(std::memory_order_acquire);
      if (number != log::kNone) keeper.retained.push_back(number);
    }
    keeper.gating =
        (port.mode.load(std::memory_order_relaxed) & 1) != 0 && port.held_since.load(std::memory_order_relaxed) != 0;
    keepers.push_back(std::move(keeper));
  });
  return keepers;
}

bool keep(const std::vector<Keeper>& keepers, BlockSnapshot& block) {
  for (const Keeper& k : keepers) {
    if (k.pin == block.number) block.pinned_by |= k.bit;
    if (k.pin == block.number && k.gating) block.gated_by |= k.bit;
    if (std::find(k.retained.begin(), k.retained.end(), block.number) != k.retained.end()) block.retained_by |= k.bit;
  }
  return (block.pinned_by | block.retained_by) != 0;
}

}  // namespace

BlockSnapshot TopicView::block_at(std::uint32_t physical) const {
  const layout::BlockEntry& entry = log_->entry(physical);
  BlockSnapshot block;
  block.physical = physical;
  block.number = entry.number.load(std::memory_order_acquire);
  block.first_sequence = entry.first_sequence.load(std::memory_order_acquire);
  block.opened = Time{std::chrono::nanoseconds{entry.opened_ns.load(std::memory_order_relaxed)}};
  return block;
}

RingSnapshot TopicView::ring() const {
  segment_->check_size();
  RingSnapshot ring;
  const log::End end = log::end_of(*log_);
  const std::vector<Keeper> keepers = keepers_of(*log_);
  ring.slots.resize(log_->blocks());
  if (end.number == log::kNone || end.number == 0) return ring;
  // From the newest block back: a block ends where the next one begins. A block that left the ring in the meantime is
  // shown as free.
  std::uint64_t next_sequence = end.next_sequence;
  for (std::uint64_t n = end.number; n >= log::oldest_block(*log_, end); --n) {
    log::Block found;
    if (log_->find(n, found) != log::FindResult::found) continue;
    BlockSnapshot block = block_at(found.physical);
    if (block.number != n) continue;
    block.newest = n == end.number;
    block.first_sequence = found.first_sequence;
    block.events = next_sequence > found.first_sequence ? next_sequence - found.first_sequence : 0;
    next_sequence = found.first_sequence;
    keep(keepers, block);
    ring.slots[n & (log_->blocks() - 1)] = block;
  }
  const std::uint32_t backed = log_->backed();
  for (std::uint32_t p = 0; p < backed; ++p) {
    BlockSnapshot block = block_at(p);
    log::Block found;
    const bool linked = log_->find(block.number, found) == log::FindResult::found && found.physical == p;
    if (block.number != log::kNone && block.number <= end.number && !linked && keep(keepers, block))
      ring.outside.push_back(block);
  }
  std::sort(ring.outside.begin(), ring.outside.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  return ring;
}

}  // namespace shmbus::detail
