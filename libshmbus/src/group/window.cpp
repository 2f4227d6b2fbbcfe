#include "group/window.hpp"

#include <bit>

#include "group/back_off.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::group {

using layout::GroupSlot;

Window::Window(layout::GroupHeader& shared, std::uint32_t slots) noexcept
    : shared_(&shared),
      slots_(reinterpret_cast<GroupSlot*>(reinterpret_cast<std::byte*>(&shared) + layout::group_slots_offset(slots))),
      slots_count_(slots),
      shift_(static_cast<unsigned>(std::countr_zero(slots))),
      ready_(shared, slots),
      due_(shared.due) {}

/// Takes the slot of an event that nobody has walked over (W1).
Window::Step Window::take_next(std::uint64_t sequence, SlotWord wanted) noexcept {
  GroupSlot& at = slot(sequence);
  SlotWord found = word(sequence);
  for (;;) {
    const std::uint64_t low = floor();
    if (found.rounds_to(wanted.round()) <= 0 || sequence < low) return Step::passed;
    if (sequence - low >= slots_count_) {
      advance_floor();  // the member that settled the floor's event may have died or stopped before it did
      if (floor() == low) return Step::full;
      found = word(sequence);
      continue;
    }
    std::uint64_t bits = found.bits();
    if (at.word.compare_exchange_strong(bits, wanted.bits(), std::memory_order_seq_cst)) return Step::done;
    found = SlotWord(bits);
  }
}

Window::Step Window::lease_next(std::uint64_t sequence, unsigned member, std::uint64_t now_ns, std::uint64_t end,
                                Held& held) noexcept {
  const SlotWord mine(round(sequence), 1, member, SlotState::leased);
  GroupSlot& at = slot(sequence);
  std::uint64_t when = at.when.load(std::memory_order_relaxed);
  const Step step = take_next(sequence, mine);
  if (step != Step::done) return step;
  SHMBUS_CRASH_POINT("group.leased");
  at.when.compare_exchange_strong(when, WhenWord(mine, end).bits(), std::memory_order_release,
                                  std::memory_order_relaxed);
  at.leased.store(now_ns, std::memory_order_relaxed);  // orders nothing
  SHMBUS_CRASH_POINT("group.timed");
  held = {sequence, mine};
  return step;
}

/// An event that was never leased waits for no moment, so its `when` is not written.
Window::Step Window::show_next(std::uint64_t sequence) noexcept {
  const Step step = take_next(sequence, SlotWord(round(sequence), 0, 0, SlotState::waiting));
  SHMBUS_CRASH_POINT("group.shown");
  return step;
}

Window::Step Window::skip_next(std::uint64_t sequence) noexcept {
  const Step step = take_next(sequence, SlotWord(round(sequence), 0, 0, SlotState::settled));
  SHMBUS_CRASH_POINT("group.skipped");
  if (step == Step::done) settled_now(sequence);
  return step;
}

/// Members walk in order and leave nothing out. So if nobody has walked over the number where the floor stands, nobody has
/// walked further, unless it crossed, which moved the floor. A member that finds an event there at this very moment loses
/// it: the floor has passed its slot.
bool Window::cross(std::uint64_t from, std::uint64_t to) noexcept {
  advance_floor();
  std::uint64_t low = floor();
  if (low >= to) return true;
  if (low < from || walked_over(low)) return false;
  const bool moved = shared_->floor.compare_exchange_strong(low, to, std::memory_order_seq_cst);
  if (moved) shared_->gap_end.store(to - 1, std::memory_order_relaxed);
  SHMBUS_CRASH_POINT("group.crossed");
  return moved || low >= to;
}

std::optional<Held> Window::lease_waiting(std::uint64_t sequence, unsigned member, std::uint64_t now_ns,
                                          std::uint64_t end) noexcept {
  GroupSlot& at = slot(sequence);
  const SlotWord found(at.word.load(std::memory_order_seq_cst));
  if (found.state() != SlotState::waiting || found.round() != round(sequence)) return std::nullopt;
  std::uint64_t when = at.when.load(std::memory_order_acquire);
  const bool due =
      found.leases() == 0 || (WhenWord(when).of(found) && WhenWord(when).moment() <= WhenWord::moment_of(now_ns));
  // A back-off at the floor of a full window ends at once, but for the pause after many leases.
  const bool full = sequence == floor() && shared_->full_since.load(std::memory_order_relaxed) != 0 &&
                    (found.leases() < SlotWord::kFirstOfMany ||
                     now_ns - at.leased.load(std::memory_order_relaxed) >= BackOff::kPauseOfMany);
  if (!due && !full) return std::nullopt;
  const std::uint64_t leases = found.leases() == SlotWord::kMostLeases ? SlotWord::kFirstOfMany : found.leases() + 1;
  const SlotWord mine(found.round(), leases, member, SlotState::leased);
  std::uint64_t bits = found.bits();
  if (!at.word.compare_exchange_strong(bits, mine.bits(), std::memory_order_seq_cst)) return std::nullopt;
  SHMBUS_CRASH_POINT("group.leased_again");
  at.when.compare_exchange_strong(when, WhenWord(mine, end).bits(), std::memory_order_release,
                                  std::memory_order_relaxed);
  at.leased.store(now_ns, std::memory_order_relaxed);  // orders nothing
  return Held{sequence, mine};
}

std::optional<std::uint64_t> Window::take_ready(std::uint64_t limit) noexcept {
  const auto sequence_of = [this](std::uint32_t slot, std::uint64_t low) {
    return low + ((slot - index(low)) & (slots_count_ - 1));
  };
  // Each further turn means that another member took an event, or moved the floor.
  while (!ready_.empty()) {
    const std::uint64_t low = floor();
    const auto found = ready_.next(index(low));
    if (!found) break;
    if (sequence_of(*found, low) >= limit) {
      if (floor() == low) break;
      continue;
    }
    if (!ready_.clear(*found)) continue;
    // M2: the bit belongs to the event that the slot holds now; the floor may have passed the one that it held before.
    const std::uint64_t sequence = sequence_of(*found, floor());
    if (sequence < limit) return sequence;
    ready_.set(*found);
  }
  return std::nullopt;
}

void Window::settled_now(std::uint64_t sequence) noexcept {
  if (floor() == sequence) advance_floor();
}

bool Window::settle(const Held& held) noexcept {
  std::uint64_t mine = held.word.bits();
  SHMBUS_CRASH_POINT("group.acknowledging");
  if (!slot(held.sequence)
           .word.compare_exchange_strong(mine, held.word.with(SlotState::settled).bits(), std::memory_order_seq_cst))
    return false;
  SHMBUS_CRASH_POINT("group.settled");
  settled_now(held.sequence);
  return true;
}

bool Window::give_back(const Held& held, std::uint64_t until) noexcept {
  GroupSlot& at = slot(held.sequence);
  std::uint64_t when = at.when.load(std::memory_order_acquire);
  std::uint64_t mine = held.word.bits();
  const SlotWord waiting = held.word.with(SlotState::waiting);
  if (!at.word.compare_exchange_strong(mine, waiting.bits(), std::memory_order_seq_cst)) return false;
  SHMBUS_CRASH_POINT("group.given_back");
  at.when.compare_exchange_strong(when, WhenWord(waiting, until).bits(), std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("group.back_timed");
  return true;
}

bool Window::extend(const Held& held, std::uint64_t now_ns, std::uint64_t end) noexcept {
  GroupSlot& at = slot(held.sequence);
  std::uint64_t when = at.when.load(std::memory_order_seq_cst);
  do {  // a further turn means that a sweep wrote it
    if (at.word.load(std::memory_order_seq_cst) != held.word.bits()) return false;
    if (WhenWord(when).of(held.word) && WhenWord(when).moment() <= WhenWord::moment_of(now_ns)) return false;
  } while (!at.when.compare_exchange_strong(when, WhenWord(held.word, end).bits(), std::memory_order_seq_cst));
  SHMBUS_CRASH_POINT("group.extended");
  return at.word.load(std::memory_order_seq_cst) == held.word.bits();
}

bool Window::end_lease(std::uint64_t sequence, SlotWord word, WhenWord found) noexcept {
  std::uint64_t when = found.bits();
  const bool ended =
      slot(sequence).when.compare_exchange_strong(when, WhenWord(word, 0).bits(), std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("group.ended");
  return ended;
}

void Window::set_when(std::uint64_t sequence, SlotWord word, std::uint64_t moment) noexcept {
  GroupSlot& at = slot(sequence);
  std::uint64_t when = at.when.load(std::memory_order_seq_cst);
  if (at.word.load(std::memory_order_seq_cst) != word.bits() || WhenWord(when).of(word)) return;
  at.when.compare_exchange_strong(when, WhenWord(word, moment).bits(), std::memory_order_seq_cst);
}

void Window::reset(std::uint64_t sequence, SlotWord word, std::uint64_t moment) noexcept {
  GroupSlot& at = slot(sequence);
  at.word.store(word.bits(), std::memory_order_seq_cst);
  at.when.store(WhenWord(word, moment).bits(), std::memory_order_seq_cst);
}

bool Window::settled(std::uint64_t sequence) const noexcept {
  const SlotWord found = word(sequence);
  const std::int64_t rounds = found.rounds_to(round(sequence));
  return rounds < 0 || (rounds == 0 && found.state() == SlotState::settled) || sequence < floor();
}

void Window::advance_floor() noexcept {
  std::uint64_t at = floor();
  for (;;) {
    const SlotWord found = word(at);
    const std::int64_t rounds = found.rounds_to(round(at));
    if (rounds > 0 || (rounds == 0 && found.state() != SlotState::settled)) return;
    if (rounds < 0) {  // the floor has moved on since it was loaded; if it did not, the bytes are broken
      const std::uint64_t now = floor();
      if (now == at) return;
      at = now;
      continue;
    }
    SHMBUS_CRASH_POINT("group.floor");
    if (shared_->floor.compare_exchange_strong(at, at + 1, std::memory_order_seq_cst)) ++at;
  }
}

}  // namespace shmbus::group
