#include "log/block_log.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "layout/segment_checks.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::log {

using layout::BlockEntry;
using layout::RingEntry;
using layout::TopicHeader;

BlockLog::BlockLog(void* control, std::byte* blocks, const layout::Geometry& geometry, Environment& environment,
                   PortHolders* holders, layout::JournalWords* journal)
    : header_(static_cast<TopicHeader*>(control)),
      ring_(reinterpret_cast<std::atomic<std::uint64_t>*>(static_cast<std::byte*>(control) + sizeof(TopicHeader))),
      free_map_(
          reinterpret_cast<std::atomic<std::uint64_t>*>(static_cast<std::byte*>(control) + geometry.free_map_offset)),
      table_(reinterpret_cast<BlockEntry*>(static_cast<std::byte*>(control) + geometry.block_table_offset)),
      blocks_(blocks),
      environment_(&environment),
      holders_(holders),
      journal_(journal),
      first_sequence_(journal != nullptr ? std::max<std::uint64_t>(layout::load_once(journal->first_sequence), 1) : 1),
      geometry_(geometry),
      format_(geometry.block_size),
      ring_mask_(geometry.blocks - 1),
      block_shift_(static_cast<unsigned>(std::countr_zero(geometry.block_size))),
      timestamps_(header_->timestamps != 0),
      exclusive_(header_->exclusive != 0),
      cycle_clock_(environment.cycle_clock()) {}

void BlockLog::format(void* control, const layout::Geometry& geometry) {
  auto& header = *static_cast<TopicHeader*>(control);
  // Block 0 is an empty, sealed block without memory: the first rotation opens block 1, with sequence 1.
  header.words.tail.store(layout::TailFormat(geometry.block_size).make(0, geometry.block_size, 0),
                          std::memory_order_relaxed);
  auto* ring = reinterpret_cast<std::atomic<std::uint64_t>*>(static_cast<std::byte*>(control) + sizeof(TopicHeader));
  for (std::uint32_t i = 0; i < geometry.blocks; ++i) {
    const std::uint64_t number = i == 0 ? 0 : std::uint64_t{i} - geometry.blocks;
    ring[i].store(RingEntry(number, RingEntry::kNoBlock).word(), std::memory_order_relaxed);
  }
  for (auto& port : header.publisher_ports) port.words.where.store(kNone, std::memory_order_relaxed);
  for (auto& port : header.subscriber_ports) {
    port.words.pin.store(kNone, std::memory_order_relaxed);
    for (auto& slot : port.retained) slot.store(kNone, std::memory_order_relaxed);
  }
}

/// Threads may race here, and the lower count may be stored last: then a part is exposed once more.
std::uint32_t BlockLog::expose_blocks(std::uint32_t blocks) const noexcept {
  if (!environment_->expose_blocks(blocks)) return exposed_.load(std::memory_order_acquire);
  exposed_.store(blocks, std::memory_order_release);
  return blocks;
}

FindResult BlockLog::find(std::uint64_t number, Block& block) const noexcept {
  constexpr int kTries = 4;  // only a caller without a pin needs a second one
  for (int i = 0; i < kTries; ++i) {
    const RingEntry e(slot(number).load(std::memory_order_seq_cst));  // after the pin: see doc/protocol.md, "Reuse"
    if (!e.holds(number)) {
      if (e.ahead_of(number) % geometry_.blocks != 0) return FindResult::corrupt;  // another slot's number
      return e.older_than(number) ? FindResult::not_open : FindResult::gone;
    }
    if (!e.linked()) return FindResult::gone;
    if (!in_backed_range(e.physical())) return FindResult::corrupt;
    const BlockEntry& b = entry(e.physical());
    block.number = b.number.load(std::memory_order_acquire);
    block.key = b.key.load(std::memory_order_acquire);
    block.first_sequence = b.first_sequence.load(std::memory_order_acquire);
    block.entry = e.word();
    block.physical = e.physical();
    if (slot(number).load(std::memory_order_acquire) == e.word()) {
      return block.number == number ? FindResult::found : FindResult::corrupt;
    }
    // It was unlinked in the meantime. A caller with a pin may use it all the same; the others try again.
    if (block.number == number) return FindResult::found;
  }
  return FindResult::gone;
}

std::uint64_t BlockLog::whole_number(std::uint64_t tail) const noexcept {
  const std::uint64_t low = format_.block(tail);
  const RingEntry e(slot(low).load(std::memory_order_acquire));
  if (!e.linked()) return low == 0 && e.holds(0) ? 0 : kNone;
  if (!in_backed_range(e.physical())) return kNone;
  const std::uint64_t number = entry(e.physical()).number.load(std::memory_order_acquire);
  return e.holds(number) && format_.low(number) == low ? number : kNone;
}

std::uint64_t BlockLog::oldest_after(std::uint64_t number) const noexcept {
  const RingEntry e(slot(number).load(std::memory_order_seq_cst));
  if (e.holds(number) || e.older_than(number)) return number + 1;  // dropped early
  return std::max(number + 1, number + e.ahead_of(number) + 1 - geometry_.blocks);
}

void BlockLog::wake_subscribers() const noexcept {
  if ((header_->words.attention.load(std::memory_order_relaxed) & layout::kFenceNeeded) != 0) {
    // A subscriber sleeps without membarrier: order the commit before the load of `waiters` by a read-modify-write of
    // that same word.
    header_->words.waiters.fetch_or(0, std::memory_order_seq_cst);
  }
  if (header_->words.waiters.load(std::memory_order_relaxed) == 0) return;
  std::uint64_t ports = header_->words.waiters.exchange(0, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("wake.taken");
  for (; ports != 0; ports &= ports - 1) {
    environment_->ring(subscriber(static_cast<unsigned>(std::countr_zero(ports))).bell.load(std::memory_order_relaxed));
  }
}

void BlockLog::wake_publishers() const noexcept {
  std::uint64_t ports = header_->gated.exchange(0, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("wake_publishers.taken");
  for (; ports != 0; ports &= ports - 1) {
    environment_->ring(publisher(static_cast<unsigned>(std::countr_zero(ports))).bell.load(std::memory_order_relaxed));
  }
}

}  // namespace shmbus::log
