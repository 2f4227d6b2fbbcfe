#include "log/reservation.hpp"

#include "log/free_map.hpp"
#include "log/gate.hpp"
#include "log/repair.hpp"
#include "shmbus/detail/cpu.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::log {

using layout::BlockEntry;
using layout::RingEntry;

namespace {

// A fresh block that we back and do not get is held by another publisher, of which there are at most 63, or by one that
// has opened the number: then we stop.
constexpr int kBackings = 64;
constexpr int kPatience = 64;        // pauses while another publisher is about to open the number
constexpr int kLastPatience = 4096;  // the same, where the alternative is to fail because memory is short
constexpr int kListedTries = 8;      // listed blocks: each was taken off the list, so the next rotation tries others
constexpr int kSearched = 4;  // entries checked per rotation: all of them four times while the ring goes round once

bool linked(const BlockLog& log, std::uint32_t physical) noexcept {
  const std::uint64_t number = log.entry(physical).number.load(std::memory_order_seq_cst);
  if (number == kNone) return false;
  return log.slot(number).load(std::memory_order_seq_cst) == RingEntry(number, physical).word();
}

/// Takes a block if it is free, whichever step proposed it: the list of free blocks, a search or the hint. The order of
/// the checks makes this safe. The owner's liveness comes first: a dead owner takes no further step, so the first look at
/// the ring shows whether it linked the block. Then the owner word is won, and the ring is read again: if the word was 0,
/// another publisher may have taken the block, linked it and cleared the word in between. The pins come last: a reader
/// stores its pin before it reads the ring, so a reader that found the block before it was unlinked is seen.
bool try_reserve(BlockLog& log, std::uint32_t physical) noexcept {
  if (!log.in_backed_range(physical)) return false;
  BlockEntry& entry = log.entry(physical);
  std::uint64_t owner = entry.owner.load(std::memory_order_acquire);
  if (owner != 0 && log.environment().alive(owner)) return false;
  if (linked(log, physical)) return false;
  if (!entry.owner.compare_exchange_strong(owner, log.environment().self(), std::memory_order_seq_cst)) return false;
  SHMBUS_CRASH_POINT("reserve.won");
  if (!linked(log, physical) && !pinned(log, physical)) return true;
  entry.owner.store(0, std::memory_order_release);
  SHMBUS_CRASH_POINT("reserve.returned");
  return false;
}

/// Also correct if the ring has come round in the meantime: the slot of a number that was not opened yet holds an older
/// number.
bool opened_meanwhile(const BlockLog& log, std::uint64_t number) noexcept {
  return !RingEntry(log.slot(number).load(std::memory_order_acquire)).older_than(number);
}

/// Pauses while another publisher holds memory for the number, since it is about to open it. That word is a hint: its
/// publisher may have given the number up, or died, so the number of pauses is bounded. Returns true where the number
/// was opened.
bool opened_by_another(const BlockLog& log, std::uint64_t number, int patience) noexcept {
  for (int i = 0; i < patience && log.header().opening.load(std::memory_order_relaxed) == number; ++i) {
    if (opened_meanwhile(log, number)) return true;
    platform::pause();
  }
  return opened_meanwhile(log, number);
}

/// Lists free blocks that no other process will list: the process that had to died or ended, or a claim that has ended
/// since prevented it. Checks a few entries per rotation, in turn. It only checks and lists; a publisher that takes a
/// block must still win it.
void search_leaked(BlockLog& log) noexcept {
  const std::uint32_t backed = log.backed();
  std::uint32_t p = log.header().searched.load(std::memory_order_relaxed);  // a hint
  for (int i = 0; i < kSearched && backed != 0; ++i, ++p) {
    if (p >= backed) p = 0;
    if (linked(log, p) || listed_free(log, p)) continue;
    const std::uint64_t owner = log.entry(p).owner.load(std::memory_order_acquire);
    if ((owner == 0 || !log.environment().alive(owner)) && !pinned(log, p)) list_free(log, p);
  }
  log.header().searched.store(p, std::memory_order_relaxed);
}

/// Tries blocks that are listed as free, first the one that left the ring last: its lines are the most likely to be in
/// a cache.
std::optional<std::uint32_t> reserve_listed(BlockLog& log) noexcept {
  const std::uint32_t backed = log.backed();
  const std::uint32_t hint = log.header().free_hint.load(std::memory_order_relaxed);  // a hint: try_reserve checks
  if (hint < backed && take_listed(log, hint) && try_reserve(log, hint)) return hint;
  for (int i = 0; i < kListedTries; ++i) {
    const auto p = take_any_listed(log);
    if (!p) break;
    if (*p < backed && try_reserve(log, *p)) return p;
  }
  return std::nullopt;
}

/// Tries any block that has memory. It checks all of them, so it is the last step: before a complete ring gets more
/// memory (at most once per spare block in a topic's life), before a block is dropped early, and before `no_memory` is
/// returned.
std::optional<std::uint32_t> reserve_any(BlockLog& log) noexcept {
  const std::uint32_t backed = log.backed();
  for (std::uint32_t p = 0; p < backed; ++p) {
    if (!try_reserve(log, p)) continue;
    take_listed(log, p);
    return p;
  }
  return std::nullopt;
}

/// Backs one more block with memory, and returns its number. Another process may take the block first.
std::optional<std::uint32_t> back_one_more(BlockLog& log) noexcept {
  auto& backed = log.header().backed;
  const std::uint32_t first = backed.load(std::memory_order_acquire);
  if (first >= log.geometry().physical_blocks) return std::nullopt;
  if (!log.environment().back_block(first)) return std::nullopt;
  SHMBUS_CRASH_POINT("reserve.backed");
  // Backing is idempotent. Only an entry that has memory may be accessed. A fresh entry is all zeros, and number 0 is
  // never linked.
  std::uint32_t expected = first;
  backed.compare_exchange_strong(expected, first + 1, std::memory_order_acq_rel);
  SHMBUS_CRASH_POINT("reserve.counted");
  return first;
}

/// Used when memory is short: unlinks the oldest block that no subscriber gates, and takes it unless a subscriber is
/// inside. The ring then retains less, and the drop is counted. Always the oldest first: so a subscriber that pinned a
/// linked block is seen before the next block is unlinked, as in a rotation.
std::optional<std::uint32_t> reserve_oldest(BlockLog& log, std::uint64_t number) noexcept {
  const std::uint64_t oldest = number > log.blocks() ? number - log.blocks() : 1;
  for (std::uint64_t n = oldest; n + 1 < number; ++n) {
    auto& slot = log.slot(n);
    RingEntry e(slot.load(std::memory_order_seq_cst));
    if (!e.holds(n)) return std::nullopt;  // `number` was opened in the meantime
    if (!e.linked()) continue;
    if (gated(log, n) || !log.in_backed_range(e.physical())) return std::nullopt;
    std::uint64_t word = e.word();
    const RingEntry dropped(n, RingEntry::kNoBlock);
    if (!slot.compare_exchange_strong(word, dropped.word(), std::memory_order_seq_cst)) {
      if (word == dropped.word()) continue;  // by another publisher that is short of memory
      return std::nullopt;                   // `number` was opened in the meantime
    }
    SHMBUS_CRASH_POINT("reserve.dropped");
    log.header().dropped.fetch_add(1, std::memory_order_relaxed);
    if (try_reserve(log, e.physical())) return e.physical();
  }
  return std::nullopt;
}

}  // namespace

Status reserve(BlockLog& log, std::uint64_t number, std::optional<std::uint32_t>& physical) noexcept {
  physical.reset();
  if (opened_by_another(log, number, kPatience)) return Status::ok;
  search_leaked(log);
  physical = reserve_listed(log);
  const bool ring_is_whole = log.backed() > log.blocks();
  if (!physical && ring_is_whole) {
    physical = reserve_any(log);
    // Perhaps only blocks that dead processes pin are missing.
    if (!physical && repair_all(log).total() != 0) physical = reserve_any(log);
  }
  for (int i = 0; i < kBackings && !physical && !opened_meanwhile(log, number); ++i) {
    const auto fresh = back_one_more(log);
    if (!fresh) break;
    if (try_reserve(log, *fresh)) physical = fresh;
  }
  if (!physical && !ring_is_whole && !opened_meanwhile(log, number)) physical = reserve_any(log);
  if (!physical && !opened_meanwhile(log, number)) physical = reserve_oldest(log, number);
  if (physical) {
    log.header().opening.store(number, std::memory_order_relaxed);  // only a hint to wait
    SHMBUS_CRASH_POINT("reserve.announced");
    return Status::ok;
  }
  // Other publishers may hold the blocks, one of them for this same number.
  return opened_by_another(log, number, kLastPatience) ? Status::ok : Status::no_memory;
}

void release(BlockLog& log, std::uint32_t physical, bool linked) noexcept {
  BlockEntry& entry = log.entry(physical);
  if (!linked) entry.number.store(kNone, std::memory_order_release);
  SHMBUS_CRASH_POINT("reserve.forgotten");
  entry.owner.store(0, std::memory_order_release);
  if (!linked) list_free(log, physical);
}

}  // namespace shmbus::log
