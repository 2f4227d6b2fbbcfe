#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "layout/group.hpp"

namespace shmbus::group {

/// Which slots hold an event that waits and may be leased: a bit for each slot, and two summaries above. All bits are
/// hints. A bit that is wrong costs time; one that was lost, because a member died between two steps, is set again by the
/// next sweep.
///
/// M1 A bit is set from below to above, and a summary's bit is cleared only before the word below is looked at again; where
///    it is set again for that, so is the bit above. So a set bit can be found from the top, unless a member died, stopped
///    or is in between (look_through).
/// M2 Who wants to lease an event clears its bit first, then loads the slot; who makes it waiting changes the slot, then
///    sets the bit. So a bit that is cleared belongs to a state of the slot that the clearer sees: of the event that it
///    reckons from a floor loaded after the bit was cleared.
class ReadyMap {
 public:
  ReadyMap(layout::GroupHeader& shared, std::uint32_t slots) noexcept;

  void set(std::uint32_t slot) noexcept;
  /// Returns false where it was not set.
  bool clear(std::uint32_t slot) noexcept;
  /// Whether no bit can be found from the top.
  bool empty() const noexcept { return shared_->ready_top.load(std::memory_order_seq_cst) == 0; }
  /// Returns the first slot with a bit, from `from` on, going round once.
  std::optional<std::uint32_t> next(std::uint32_t from) const noexcept;
  /// Looks at all words, and sets the bits above those in use. Returns whether a slot has a bit. Before a member sleeps it
  /// looks here: a member that clears a bit above and sets it again hides a slot for that moment, or for as long as it is
  /// stopped there, and rings no bell. About a microsecond for 65,536 slots.
  bool look_through() noexcept;

 private:
  std::optional<std::uint32_t> next_within(std::uint32_t from, std::uint32_t end) const noexcept;

  layout::GroupHeader* shared_;
  std::atomic<std::uint64_t>* words_;
  std::uint32_t slots_;
};

}  // namespace shmbus::group
