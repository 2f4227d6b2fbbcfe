#include "group/sweep.hpp"

#include <algorithm>
#include <bit>
#include <new>

#include "shmbus/detail/crash_point.hpp"

namespace shmbus::group {

using layout::kMaxMembers;

std::uint64_t Sweep::period_ns() const noexcept {
  constexpr std::uint64_t kShortest = 10'000'000, kLongest = 1'000'000'000;
  return std::clamp(lease_ns_ / 8, kShortest, kLongest);
}

/// Calls `found` for each event that is not settled. `all`: also for one that no member says it has walked over.
template <class Found>
void Sweep::each_unsettled(bool all, Found found) noexcept {
  const std::uint64_t floor = window_.floor();
  const std::uint64_t most = floor + window_.size();
  const std::uint64_t end = all ? most : std::min(most, members_.walked());
  for (std::uint64_t s = floor; s < end; ++s) {
    const SlotWord word = window_.word(s);
    if (word.round() == window_.round(s) && word.state() != SlotState::settled) found(s, word);
  }
}

void Sweep::run(std::uint64_t now_ns, const KeyChain* chain) noexcept {
  bool dead = false;
  for (unsigned i = 0; i < kMaxMembers; ++i) {
    owners_[i] = members_.dead_owner(i);
    dead |= owners_[i] != 0;
  }
  next_ = Due::kNever;
  failed_ = 0;
  window_.advance_floor();  // for a member that settled its event, and died or stopped before it did
  bool unsettled = false;
  std::uint64_t walked = 0;
  each_unsettled(dead, [&](std::uint64_t sequence, SlotWord word) {  // a dead member may have walked on unseen
    unsettled = true;
    walked = sequence + 1;
    try {
      look(sequence, word, now_ns, chain);
    } catch (const std::bad_alloc&) {  // the next sweep comes to it again
    }
  });
  members_.show_walked(walked);
  for (unsigned i = 0; i < kMaxMembers; ++i) {
    if (owners_[i] != 0 && members_.free(i, owners_[i]))
      window_.shared().deaths.fetch_add(1, std::memory_order_relaxed);
  }
  if (limit_.limits()) count_leased();
  std::erase_if(untimed_, [&](const auto& entry) { return entry.first < window_.floor(); });
  if (!unsettled && window_.due().clear(again_))
    each_unsettled(dead, [&](std::uint64_t, SlotWord) { unsettled = true; });
  if (unsettled) look_again_at(WhenWord::moment_after(now_ns + period_ns()));
  if (next_ != Due::kNever) window_.due().lower(next_);
  SHMBUS_CRASH_POINT("group.swept");
}

/// B2
void Sweep::count_leased() noexcept {
  const std::uint64_t seen = limit_.word();
  std::uint64_t leased = 0;
  each_unsettled(true, [&](std::uint64_t, SlotWord word) { leased += word.state() == SlotState::leased ? 1 : 0; });
  limit_.correct(seen, leased);
}

void Sweep::look(std::uint64_t sequence, SlotWord word, std::uint64_t now_ns, const KeyChain* chain) {
  const WhenWord when = window_.when(sequence);
  const bool timed = when.of(word);
  const bool passed = timed && when.moment() <= WhenWord::moment_of(now_ns);
  if (word.state() == SlotState::leased) {
    const std::uint64_t dead = owners_[word.member()];
    if ((dead != 0 && members_.owner(word.member()) == dead) ||  // S1
        (passed && window_.end_lease(sequence, word, when))) {
      give_back(sequence, word, now_ns);
    } else if (timed && !passed) {
      look_again_at(when.moment());
    } else if (!timed) {
      untimed(sequence, word, now_ns);
    }
    return;
  }
  if (word.leases() == 0 || passed) {
    if (chain == nullptr || chain->may_lease(sequence, window_)) window_.set_ready(sequence);
  } else if (timed) {
    look_again_at(when.moment());
  } else {
    untimed(sequence, word, now_ns);
  }
}

void Sweep::give_back(std::uint64_t sequence, SlotWord word, std::uint64_t now_ns) noexcept {
  const std::uint64_t until = WhenWord::moment_in(now_ns, back_off_.after(word.leases()));
  if (!window_.give_back({sequence, word}, until)) return;
  limit_.give();
  // A dead member counts as one failure, however many leases it held.
  const std::uint64_t member = std::uint64_t{1} << word.member();
  if (owners_[word.member()] == 0 || (failed_ & member) == 0) guard_.failed(now_ns);
  failed_ |= member;
  if (until <= WhenWord::moment_of(now_ns))
    window_.set_ready(sequence);
  else
    look_again_at(until);
}

/// S2
void Sweep::untimed(std::uint64_t sequence, SlotWord word, std::uint64_t now_ns) {
  const auto [at, added] = untimed_.try_emplace(sequence);
  Untimed& found = at->second;
  if (added || found.word != word) {
    found = {word, kNotYet};
    return;
  }
  if (found.since_ns == kNotYet) found.since_ns = now_ns;
  if (now_ns - found.since_ns < lease_ns_) return;
  window_.set_when(sequence, word, WhenWord::moment_of(now_ns));
  look_again_at(WhenWord::moment_of(now_ns));
}

}  // namespace shmbus::group
