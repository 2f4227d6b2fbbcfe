#include "log/rotation.hpp"

#include "base/mix.hpp"
#include "log/free_map.hpp"
#include "log/gate.hpp"
#include "log/reservation.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::log {

using layout::BlockEntry;
using layout::RingEntry;

std::uint64_t block_key(std::uint64_t seed, std::uint64_t number) noexcept {
  const std::uint64_t x = base::mix(seed + number * 0x9e3779b97f4a7c15u);  // no two blocks of a topic share a key
  return x == 0 || x == ~std::uint64_t{0} ? 0x5bd1e995c6a4a793u ^ number : x;
}

namespace {

/// Whether every number that the block could give out is reserved on disk, so that none is given twice after the
/// machine's crash.
bool numbers_reserved(const BlockLog& log, std::uint64_t first_sequence) noexcept {
  const std::uint64_t end = log.journal()->numbers_end.load(std::memory_order_acquire);
  const std::uint64_t most = log.block_size() / layout::kMinRecord;
  return first_sequence <= end && end - first_sequence >= most;
}

}  // namespace

Status open_next(BlockLog& log, std::uint64_t tail, std::optional<std::uint64_t>& opened) noexcept {
  opened.reset();
  if (!log.environment().intact()) return Status::corrupt;
  const std::uint64_t sealed = log.whole_number(tail);
  if (sealed == kNone) return Status::ok;
  const std::uint64_t number = sealed + 1;
  const std::uint64_t new_tail = log.format().make(number, 0, 0);
  auto& slot = log.slot(number);

  RingEntry leaving(slot.load(std::memory_order_seq_cst));
  if (leaving.holds(number)) {  // another publisher opened it and has not moved the tail yet: any may
    opened = new_tail;
    SHMBUS_CRASH_POINT("rotate.helps");
    return Status::ok;
  }
  if (!leaving.holds(number - log.blocks())) return Status::ok;  // stale

  // (1) gating. A number whose low bits a claim still has must wait, too.
  if ((number > log.blocks() && gated(log, number - log.blocks())) || number_in_use(log, number)) {
    const bool opened_meanwhile = slot.load(std::memory_order_acquire) != leaving.word();
    return opened_meanwhile ? Status::ok : Status::back_pressured;
  }

  SHMBUS_CRASH_POINT("rotate.allowed");

  // (2) a physical block
  std::optional<std::uint32_t> physical;
  if (const Status status = reserve(log, number, physical); !physical) return status;
  SHMBUS_CRASH_POINT("rotate.reserved");

  // (3) its entry. The first sequence follows from the sealed block's, which can't be reused before `number` is linked.
  BlockEntry& entry = log.entry(*physical);
  std::uint64_t first_sequence = log.first_sequence();
  if (sealed != 0) {
    const RingEntry last(log.slot(sealed).load(std::memory_order_acquire));
    if (!last.holds(sealed) || !log.in_backed_range(last.physical())) {
      release(log, *physical, false);
      return Status::ok;
    }
    first_sequence =
        log.entry(last.physical()).first_sequence.load(std::memory_order_acquire) + log.format().count(tail);
  }
  if (log.journal() != nullptr && !numbers_reserved(log, first_sequence)) {
    release(log, *physical, false);
    return Status::journal_failed;
  }
  const Moment now = log.environment().now();
  entry.number.store(number, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("rotate.numbered");
  entry.key.store(block_key(log.header().seed, number), std::memory_order_release);
  entry.first_sequence.store(first_sequence, std::memory_order_release);  // for readers without a pin
  entry.opened_cycles.store(now.cycles, std::memory_order_relaxed);
  entry.opened_ns.store(now.ns, std::memory_order_relaxed);
  SHMBUS_CRASH_POINT("rotate.filled");

  // (4) link it and unlink the leaving block, in one step. That block may have been dropped early, even by us.
  if (const RingEntry dropped(number - log.blocks(), RingEntry::kNoBlock);
      slot.load(std::memory_order_acquire) == dropped.word())
    leaving = dropped;
  std::uint64_t expected = leaving.word();
  const bool linked =
      slot.compare_exchange_strong(expected, RingEntry(number, *physical).word(), std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("rotate.linked");
  if (linked && leaving.linked()) {
    list_free(log, leaving.physical());
    log.header().free_hint.store(leaving.physical(), std::memory_order_relaxed);
  }
  release(log, *physical, linked);
  SHMBUS_CRASH_POINT("rotate.released");
  if (linked) opened = new_tail;  // (5) is the caller's, or anyone's
  return Status::ok;
}

}  // namespace shmbus::log
