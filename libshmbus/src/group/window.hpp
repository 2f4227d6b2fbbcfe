#pragma once

#include <cstdint>
#include <optional>

#include "group/due.hpp"
#include "group/ready_map.hpp"
#include "layout/group.hpp"

namespace shmbus::group {

using layout::SlotState;
using layout::SlotWord;
using layout::WhenWord;

/// An event that a member holds: its number, and the word by which it holds it.
struct Held {
  std::uint64_t sequence = 0;
  SlotWord word{};
};

/// The events of a group that are in flight: a slot for each. Any thread of any member.
///
/// W1 Event s has slot s mod W, in round s / W. A slot is taken for s only from a word of an earlier round, and only while
///    s < floor + W: so the floor has passed that word's event. A slot stands for one event at a time, and *settled* is
///    final for that event.
/// W2 Only the holder of a lease settles it, by compare-and-swap from exactly its word. The word counts the leases of this
///    event, so the word of a lease that ended never comes back: a stale holder is refused.
/// W3 The floor moves up one number at a time, by compare-and-swap, and only over a settled one. `cross` alone moves it
///    further: over numbers that no event has, from a floor whose slot nobody took.
/// W4 All changes are sequentially consistent. Whoever settles the floor's event moves the floor; whoever moves it looks at
///    the next slot afterwards: so of two members that settle neighbours, one sees the other.
/// W5 Whoever ends a lease because its time is over first marks its `when`, by compare-and-swap from the end that it found;
///    whoever extends one does so from an end that has not come and is not marked. So of the two, one succeeds.
///
/// If a member dies between a slot's word and its `when`, the word alone counts: a lease of a dead member is given back
/// whatever `when` says. Only a waiting event whose `when` was never written waits a whole lease longer (Sweep).
class Window {
 public:
  /// `slots` is the checked size.
  Window(layout::GroupHeader& shared, std::uint32_t slots) noexcept;

  std::uint32_t size() const noexcept { return slots_count_; }
  std::uint64_t floor() const noexcept { return shared_->floor.load(std::memory_order_seq_cst); }
  layout::GroupHeader& shared() const noexcept { return *shared_; }
  ReadyMap& ready() noexcept { return ready_; }
  Due& due() noexcept { return due_; }
  std::uint64_t due_moment() const noexcept { return due_.moment(); }

  enum class Step {
    done,
    passed,  ///< another member walked over it before, or crossed it
    full,    ///< it is too far ahead of the floor
  };
  /// Leases an event that nobody has walked over yet. `end` is the moment when the lease ends.
  Step lease_next(std::uint64_t sequence, unsigned member, std::uint64_t now_ns, std::uint64_t end,
                  Held& held) noexcept;
  /// Makes such an event waiting: of a group with order by key.
  Step show_next(std::uint64_t sequence) noexcept;
  /// Settles a number that no event has, or whose event is lost.
  Step skip_next(std::uint64_t sequence) noexcept;
  /// Moves the floor to `to`, over numbers from `from` on that no event has: more than the window has slots. Returns whether
  /// it is there, or further; false where it has not reached `from` yet, or somebody has walked over the number where it is.
  bool cross(std::uint64_t from, std::uint64_t to) noexcept;

  /// Leases an event that waits. Returns nothing where it does not, or may not be leased yet.
  std::optional<Held> lease_waiting(std::uint64_t sequence, unsigned member, std::uint64_t now_ns,
                                    std::uint64_t end) noexcept;
  /// Returns the first event that is ready, from the floor on, below `limit`, and takes it off the map of those.
  std::optional<std::uint64_t> take_ready(std::uint64_t limit) noexcept;
  /// An event that waits may be leased now.
  void set_ready(std::uint64_t sequence) noexcept { ready_.set(index(sequence)); }

  /// The event was handled. Returns false where the lease had ended.
  bool settle(const Held& held) noexcept;
  /// The event waits from now on, until a moment. Returns false where the lease had ended. The caller makes it ready, or
  /// lowers `due`.
  bool give_back(const Held& held, std::uint64_t until) noexcept;
  /// Moves the end of a lease. Returns false where it has ended, or its end has come. W5
  bool extend(const Held& held, std::uint64_t now_ns, std::uint64_t end) noexcept;
  /// Before a lease is given back whose end, as found, has come: it can't be extended from now on. Returns false where it was
  /// extended. W5
  bool end_lease(std::uint64_t sequence, SlotWord word, WhenWord found) noexcept;

  /// The word of an event's slot, whatever its round.
  SlotWord word(std::uint64_t sequence) const noexcept {
    return SlotWord(slot(sequence).word.load(std::memory_order_seq_cst));
  }
  WhenWord when(std::uint64_t sequence) const noexcept {
    return WhenWord(slot(sequence).when.load(std::memory_order_seq_cst));
  }
  /// Whether an event is settled: nothing is left to do for it.
  bool settled(std::uint64_t sequence) const noexcept;
  /// Whether a member has walked over an event.
  bool walked_over(std::uint64_t sequence) const noexcept { return word(sequence).rounds_to(round(sequence)) <= 0; }
  /// Says when a slot's lease ends, or its event may be leased, where nobody did.
  void set_when(std::uint64_t sequence, SlotWord word, std::uint64_t moment) noexcept;
  /// Writes a slot. *Requires* that nobody else uses the window.
  void reset(std::uint64_t sequence, SlotWord word, std::uint64_t moment) noexcept;
  std::uint64_t round(std::uint64_t sequence) const noexcept { return (sequence >> shift_) & (SlotWord::kRounds - 1); }
  /// Moves the floor over all that is settled.
  void advance_floor() noexcept;

 private:
  std::uint32_t index(std::uint64_t sequence) const noexcept {
    return static_cast<std::uint32_t>(sequence & (slots_count_ - 1));
  }
  layout::GroupSlot& slot(std::uint64_t sequence) const noexcept { return slots_[index(sequence)]; }
  Step take_next(std::uint64_t sequence, SlotWord wanted) noexcept;
  void settled_now(std::uint64_t sequence) noexcept;

  layout::GroupHeader* shared_;
  layout::GroupSlot* slots_;
  std::uint32_t slots_count_;
  unsigned shift_;
  ReadyMap ready_;
  Due due_;
};

}  // namespace shmbus::group
