#include "log/reservation.hpp"

#include "log/gate.hpp"
#include "log/repair.hpp"
#include "shmbus/platform/cpu.hpp"
#include "shmbus/platform/crash_point.hpp"

namespace shmbus::log {

using layout::BlockEntry;
using layout::RingEntry;

namespace {

constexpr int kBackings = 64;  // fresh blocks that others took before us; more are only in broken bytes
constexpr int kPatience = 64;  // pauses while a living node already reserves for the same number

bool linked(const BlockLog& log, std::uint32_t physical) noexcept {
  const std::uint64_t number = log.entry(physical).number.load(std::memory_order_seq_cst);
  if (number == kNone) return false;
  return log.slot(number).load(std::memory_order_seq_cst) == RingEntry(number, physical).word();
}

/// The order is the argument: liveness first, so that a dead owner's last step is done; the ring after; then the owner
/// word; the ring again, since the former owner may have linked the block between; the pins last, after the block was
/// seen unlinked.
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

bool opened_meanwhile(const BlockLog& log, std::uint64_t number) noexcept {
  return RingEntry(log.slot(number).load(std::memory_order_acquire)).holds(number);
}

/// Backed blocks only, the one that left the ring last first: its lines are the likeliest to be in a cache.
std::optional<std::uint32_t> reserve_backed(BlockLog& log) noexcept {
  const std::uint32_t backed = log.backed();
  const std::uint32_t hint = log.header().free_hint.load(std::memory_order_relaxed);  // a hint: try_reserve checks
  if (hint < backed && try_reserve(log, hint)) return hint;
  for (std::uint32_t p = 0; p < backed; ++p) {
    if (p != hint && try_reserve(log, p)) return p;
  }
  return std::nullopt;
}

/// The number of a block that has memory from now on; others may take it first.
std::optional<std::uint32_t> back_one_more(BlockLog& log) noexcept {
  auto& backed = log.header().backed;
  const std::uint32_t first = backed.load(std::memory_order_acquire);
  if (first >= log.geometry().physical_blocks) return std::nullopt;
  if (!log.environment().back(first)) return std::nullopt;
  SHMBUS_CRASH_POINT("reserve.backed");
  // Backing is idempotent. Only an entry that has memory may be touched; a fresh one is all zeros, and number 0 is
  // never linked.
  std::uint32_t expected = first;
  backed.compare_exchange_strong(expected, first + 1, std::memory_order_acq_rel);
  SHMBUS_CRASH_POINT("reserve.counted");
  return first;
}

/// Memory is short: unlink the oldest block that nobody gates, and take it unless somebody is inside. Less is retained,
/// and counted. Oldest first, without exception: whoever pinned a block that was linked is then seen before the one
/// after it is unlinked, as in a rotation.
std::optional<std::uint32_t> reserve_oldest(BlockLog& log, std::uint64_t number) noexcept {
  const std::uint64_t oldest = number > log.blocks() ? number - log.blocks() : 1;
  for (std::uint64_t n = oldest; n + 1 < number; ++n) {
    auto& slot = log.slot(n);
    RingEntry e(slot.load(std::memory_order_seq_cst));
    if (!e.holds(n)) return std::nullopt;  // `number` was opened meanwhile
    if (!e.linked()) continue;
    if (gated(log, n) || !log.in_backed_range(e.physical())) return std::nullopt;
    std::uint64_t word = e.word();
    if (!slot.compare_exchange_strong(word, RingEntry(n, RingEntry::kNoBlock).word(), std::memory_order_seq_cst))
      return std::nullopt;
    SHMBUS_CRASH_POINT("reserve.dropped");
    log.header().dropped.fetch_add(1, std::memory_order_relaxed);
    if (try_reserve(log, e.physical())) return e.physical();
  }
  return std::nullopt;
}

}  // namespace

Status reserve(BlockLog& log, std::uint64_t number, std::optional<std::uint32_t>& physical) noexcept {
  physical.reset();
  // A living node that reserves for this number is about to open it.
  for (int i = 0; i < kPatience; ++i) {
    if (opened_meanwhile(log, number)) return Status::ok;
    const std::uint32_t backed = log.backed();
    bool reserved = false;
    for (std::uint32_t p = 0; p < backed && !reserved; ++p) {
      reserved = log.entry(p).owner.load(std::memory_order_relaxed) != 0 &&  // a hint to wait, no more
                 log.entry(p).number.load(std::memory_order_relaxed) == number;
    }
    if (!reserved) break;
    platform::pause();
  }
  physical = reserve_backed(log);
  if (!physical && log.header().backed.load(std::memory_order_acquire) > log.blocks()) {
    repair_all(log);  // what the dead pin may be all that is missing
    physical = reserve_backed(log);
  }
  for (int i = 0; i < kBackings && !physical && !opened_meanwhile(log, number); ++i) {
    const auto fresh = back_one_more(log);
    if (!fresh) break;
    if (try_reserve(log, *fresh)) physical = fresh;
  }
  if (!physical && !opened_meanwhile(log, number)) physical = reserve_oldest(log, number);
  return physical || opened_meanwhile(log, number) ? Status::ok : Status::no_memory;
}

void release(BlockLog& log, std::uint32_t physical, bool linked) noexcept {
  BlockEntry& entry = log.entry(physical);
  if (!linked) entry.number.store(kNone, std::memory_order_release);
  SHMBUS_CRASH_POINT("reserve.forgotten");
  entry.owner.store(0, std::memory_order_release);
}

}  // namespace shmbus::log
