#include "log/repair.hpp"

#include <optional>

#include "log/claims.hpp"
#include "log/held_port.hpp"
#include "log/ports.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::log {

using layout::ClaimWord;
using layout::kRepairing;
using layout::owner_node;
using layout::RecordHeader;

namespace {

/// Marks a dead node's port, so that only this node repairs it. From then on no other process writes on its behalf,
/// even if we stop for long: another repairer takes the mark over only once we are dead, and until then no block that
/// the port pins is reused.
bool mark(BlockLog& log, std::atomic<std::uint64_t>& owner, std::uint64_t& dead, Repair& why_not) noexcept {
  dead = owner.load(std::memory_order_acquire);
  if (dead == 0) {
    why_not = Repair::nothing;
    return false;
  }
  if (log.environment().alive(owner_node(dead))) {
    why_not = (dead & kRepairing) != 0 ? Repair::postponed : Repair::nothing;
    return false;
  }
  std::uint64_t expected = dead;
  why_not = Repair::postponed;
  if (!owner.compare_exchange_strong(expected, log.environment().self() | kRepairing, std::memory_order_acq_rel))
    return false;
  SHMBUS_CRASH_POINT("repair.marked");
  return true;
}

/// Finds where the claim is unfinished: at its start, or after the events of a batch that its publisher committed
/// before it died. Returns nothing where all of it is finished, or it was never granted. The place may also hold
/// records that other publishers were granted instead: `holder_of` decides that.
std::optional<std::uint64_t> unfinished_part(const BlockLog& log, const ShownClaim& claim, std::uint64_t tail,
                                             std::uint64_t key) noexcept {
  const auto& format = log.format();
  std::uint64_t here = claim.where;
  while (here != tail && rest_of(format, claim, here)) {  // each round takes an event at least off the rest
    const auto record = finished_record(log, claim.what.physical(), format.offset(here), key);
    if (!record) return here;
    if (record->padding()) break;
    here = format.after(here, record->stride, record->events);
  }
  return std::nullopt;
}

/// Writes one record in place of `rest`, whose key was `found`. An unfinished seal becomes padding.
Repair abort_rest(BlockLog& log, const ShownClaim& claim, std::size_t offset, const Rest& rest, std::uint64_t key,
                  std::uint64_t found) noexcept {
  std::byte* block = log.environment().writable(claim.what.physical());
  if (block == nullptr) return Repair::forbidden;
  auto* unfinished = reinterpret_cast<RecordHeader*>(block + offset);
  const auto meta = layout::RecordMeta::unfinished(rest.stride, claim.port, rest.events);
  unfinished->meta.store(meta.word(), std::memory_order_relaxed);  // published by the key
  SHMBUS_CRASH_POINT("repair.headed");
  const bool finished = unfinished->key.compare_exchange_strong(found, rest.padding() ? key : ~key,
                                                                std::memory_order_acq_rel);  // SYNC commit
  if (finished) {
    SHMBUS_CRASH_POINT("repair.finished");
    log.header().repaired_claims.fetch_add(1, std::memory_order_relaxed);
    log.wake_subscribers();
  }
  return Repair::done;
}

/// Ends a dead publisher's claim: aborts what was granted and not committed. The rest of a batch becomes one record
/// that represents all its sequences.
Repair finish_claim(BlockLog& log, const ShownClaim& claim) noexcept {
  const std::uint32_t physical = claim.what.physical();
  const auto& format = log.format();
  if (!log.in_backed_range(physical) || format.offset(claim.where) + layout::kMinRecord > log.block_size())
    return Repair::done;
  // The claim was never granted if the tail still stands at its place. Nor was it if the tail is one block before it: that
  // block was linked ahead of the tail, and the publisher found it in the ring for a tail value that it had read long ago.
  // `number_in_use` opens no block under a number that a visible claim holds, so the tail can't have passed the claim and
  // come round to its place again. It can have come round to the block before, and then a granted claim is dropped here:
  // the known limit that tests/model/number.pml names. Its record stays open in a block that left the ring long ago.
  const std::uint64_t tail = log.tail().load(std::memory_order_acquire);
  if (tail == claim.where || format.low(format.block(tail) + 1) == format.block(claim.where)) return Repair::done;

  // The block must still be the claim's before and after the key is loaded: then the key belongs to that block.
  const auto& entry = log.entry(physical);
  const std::uint64_t number = entry.number.load(std::memory_order_acquire);
  if (number == kNone || format.low(number) != format.block(claim.where)) return Repair::done;
  const std::uint64_t key = entry.key.load(std::memory_order_acquire);
  for (unsigned i = 0; i <= ClaimWord::kMaxEvents; ++i) {
    const auto here = unfinished_part(log, claim, tail, key);
    if (!here) return Repair::done;
    const auto* record = reinterpret_cast<const RecordHeader*>(log.at(physical, format.offset(*here)));
    const Holder holder = holder_of(log, *here, physical);
    std::uint64_t found = record->key.load(std::memory_order_acquire);
    if (entry.number.load(std::memory_order_acquire) != number) return Repair::done;
    if (found == key || found == ~key) continue;  // another process finished it in the meantime

    if (holder.kind == Holder::Kind::unknown) return Repair::postponed;
    const auto mine = rest_of(format, claim, *here);
    const bool all_of_block = holder.rest.padding() && !mine->padding();  // of several, the owner is not known
    if (!all_of_block && holder.rest != mine) return Repair::done;        // another one was granted that record
    if (holder.kind == Holder::Kind::living) return Repair::postponed;
    SHMBUS_CRASH_POINT("repair.judged");
    return abort_rest(log, claim, format.offset(*here), holder.rest, key, found);
  }
  return Repair::postponed;
}

}  // namespace

Repair repair_publisher(BlockLog& log, unsigned number) noexcept {
  auto& port = log.publisher(number);
  std::uint64_t dead;
  Repair why_not;
  if (!mark(log, port.owner, dead, why_not)) return why_not;
  if (const auto claim = read_claim(log, number)) {
    const Repair result = finish_claim(log, *claim);
    if (result != Repair::done) {
      port.owner.store(dead, std::memory_order_release);  // the next process finds the owner dead again
      SHMBUS_CRASH_POINT("repair.unmarked");
      return result;
    }
  }
  port.words.where.store(kNone, std::memory_order_release);  // unpins the block: only after the record is finished
  SHMBUS_CRASH_POINT("repair.unclaimed");
  auto& header = log.header();
  header.gated.fetch_and(~(std::uint64_t{1} << number), std::memory_order_acq_rel);
  header.publishers.fetch_and(~(std::uint64_t{1} << number), std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("repair.unlisted");
  std::uint64_t exclusive = owner_node(dead);
  if ((dead & kRepairing) == 0) header.exclusive_owner.compare_exchange_strong(exclusive, 0, std::memory_order_acq_rel);
  SHMBUS_CRASH_POINT("repair.exclusive_freed");
  header.repaired_ports.fetch_add(1, std::memory_order_relaxed);
  port.owner.store(0, std::memory_order_release);
  SHMBUS_CRASH_POINT("repair.freed");
  return Repair::done;
}

Repair repair_subscriber(BlockLog& log, unsigned number) noexcept {
  if (keep_port(log, number)) return Repair::nothing;
  auto& port = log.subscriber(number);
  if ((port.owner.load(std::memory_order_acquire) & layout::kHeld) != 0)
    return free_held_port(log, number) ? Repair::done : Repair::postponed;
  std::uint64_t dead;
  Repair why_not;
  if (!mark(log, port.owner, dead, why_not)) return why_not;
  detach_subscriber(log, number);
  log.header().repaired_ports.fetch_add(1, std::memory_order_relaxed);
  return Repair::done;
}

namespace {

/// Frees the exclusive right of a publisher that died after it took the right and before it took a port.
void free_exclusive_right(BlockLog& log) noexcept {
  auto& word = log.header().exclusive_owner;
  std::uint64_t owner = word.load(std::memory_order_acquire);
  if (owner != 0 && !log.environment().alive(owner)) word.compare_exchange_strong(owner, 0, std::memory_order_acq_rel);
}

}  // namespace

RepairCount repair_all(BlockLog& log) noexcept {
  RepairCount count;
  free_exclusive_right(log);
  for (unsigned i = 0; i < layout::kMaxPublishers; ++i) count.publishers += repair_publisher(log, i) == Repair::done;
  for (unsigned i = 0; i < layout::kMaxSubscribers; ++i) count.subscribers += repair_subscriber(log, i) == Repair::done;
  return count;
}

}  // namespace shmbus::log
