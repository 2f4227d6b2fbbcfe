#pragma once

#include <cstdint>
#include <unordered_map>

#include "group/back_off.hpp"
#include "group/flood_guard.hpp"
#include "group/key_chain.hpp"
#include "group/lease_limit.hpp"
#include "group/members.hpp"
#include "group/window.hpp"

namespace shmbus::group {

/// Goes over all events in flight: gives back what the dead held and what has expired, and makes ready what may be leased
/// again. One member does it when the moment has come that `due` says, when a member died, and when it joins. One thread
/// at a time.
///
/// S1 A lease is a dead member's if the slot names its entry, and the entry still names the dead node after the slot was
///    loaded. Then the compare-and-swap from that slot's word hits that lease or nothing.
/// S2 A slot whose `when` does not belong to its word is left by a member that died or stopped between the two. It is
///    neither due nor expired until the same word was found for a whole lease, counted from the second sweep that finds
///    it: the first one may have read its clock before the lease began. Then `when` is set.
class Sweep {
 public:
  Sweep(Window& window, Members& members, FloodGuard& guard, LeaseLimit limit, BackOff back_off,
        std::uint64_t lease_ns) noexcept
      : window_(window), members_(members), guard_(guard), limit_(limit), back_off_(back_off), lease_ns_(lease_ns) {}

  /// Whether a sweep is due, and this member does it: with `run`.
  bool take(std::uint64_t now_ns) noexcept {
    again_ = WhenWord::moment_after(now_ns + period_ns());
    return window_.due().take(WhenWord::moment_of(now_ns), again_);
  }
  /// `chain` is null where the group has no order. *Requires* then that the member has walked over all that any has.
  void run(std::uint64_t now_ns, const KeyChain* chain) noexcept;

  /// How long events may be in flight before a sweep looks at them.
  std::uint64_t period_ns() const noexcept;

 private:
  static constexpr std::uint64_t kNotYet = ~std::uint64_t{0};
  struct Untimed {
    SlotWord word{};
    std::uint64_t since_ns =
        kNotYet;  // by the clock of the second sweep that found it: it was read after the lease began
  };
  template <class Found>
  void each_unsettled(bool all, Found found) noexcept;
  void look(std::uint64_t sequence, SlotWord word, std::uint64_t now_ns, const KeyChain* chain);
  void give_back(std::uint64_t sequence, SlotWord word, std::uint64_t now_ns) noexcept;
  void look_again_at(std::uint64_t moment) noexcept {
    if (moment < next_) next_ = moment;
  }
  void untimed(std::uint64_t sequence, SlotWord word, std::uint64_t now_ns);
  void count_leased() noexcept;

  Window& window_;
  Members& members_;
  FloodGuard& guard_;
  LeaseLimit limit_;
  BackOff back_off_;
  std::uint64_t lease_ns_;
  std::uint64_t failed_ = 0;                        // dead members whose leases were counted as one failure; a bit each
  std::uint64_t owners_[layout::kMaxMembers] = {};  // of the entries of dead nodes; else 0
  std::uint64_t next_ = 0;
  std::uint64_t again_ = Due::kNever;                     // the moment that `take` put into the due word
  std::unordered_map<std::uint64_t, Untimed> untimed_{};  // by sequence
};

}  // namespace shmbus::group
