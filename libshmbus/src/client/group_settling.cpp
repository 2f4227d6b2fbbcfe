#include <algorithm>

#include "client/group_topic.hpp"
#include "platform/clock.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::detail {

using group::Held;
using layout::SlotState;
using layout::WhenWord;

// How the holder of a lease ends it.

/// Whoever waits for what this settling allows is woken: for room in the window, a lease less, the next event of the key.
void GroupTopic::after_settled(std::uint64_t sequence) noexcept {
  gate_.move(window_.floor());
  bool wake = settings().in_flight != 0 || window_.shared().full_since.load(std::memory_order_seq_cst) != 0;
  if (chain_) {
    if (const std::uint64_t next = chain_->next(sequence); next != 0) {
      const layout::SlotWord word = window_.word(next);
      if (word.state() == SlotState::waiting && word.round() == window_.round(next)) {
        window_.set_ready(next);
        wake = true;
      }
    } else if (members_.walked() > mine().walked.load(std::memory_order_seq_cst)) {
      window_.due().lower(0);
      wake = true;
    }
  }
  limit_.give();
  if (wake) members_.wake();
}

Status GroupTopic::acknowledge(const Held& held) noexcept {
  if (forked()) return Status::closed;
  if (!window_.settle(held)) {
    count(mine().expired);
    return Status::expired;
  }
  count(mine().acknowledged);
  const bool was_cautious = guard_.cautious();
  guard_.succeeded();
  after_settled(held.sequence);
  if (was_cautious) members_.wake();
  return Status::ok;
}

void GroupTopic::back_to_queue(const Held& held, std::uint64_t delay_ns) noexcept {
  const std::uint64_t now = platform::monotonic_ns();
  const std::uint64_t until = WhenWord::moment_in(now, delay_ns);
  if (!window_.give_back(held, until)) return;
  limit_.give();
  if (until <= WhenWord::moment_of(now))
    window_.set_ready(held.sequence);
  else
    window_.due().lower(until);
  members_.wake();
}

Status GroupTopic::give_back(const Held& held, std::optional<std::uint64_t> delay_ns) noexcept {
  if (forked()) return Status::closed;
  const std::uint64_t chosen = std::min(delay_ns.value_or(0), group::BackOff::kMost);
  const std::uint64_t least = back_off_.after(held.word.leases());
  if (window_.word(held.sequence) != held.word) {
    count(mine().expired);
    return Status::expired;
  }
  count(mine().given_back);
  guard_.failed(platform::monotonic_ns());
  back_to_queue(held, delay_ns ? back_off_.at_least(held.word.leases(), chosen) : least);
  return Status::ok;
}

Status GroupTopic::reject(const Held& held, const Event& event, unsigned deliveries, std::string_view reason) noexcept {
  if (forked()) return Status::closed;
  if (window_.word(held.sequence) != held.word) {
    count(mine().expired);
    return Status::expired;
  }
  const Status published = dead_letters_.publish(event, deliveries, reason, member_name_);
  if (published != Status::ok) {
    count(mine().unpublished);
    const Status back = give_back(held, std::nullopt);
    return back == Status::ok ? published : back;
  }
  SHMBUS_CRASH_POINT("group.rejected");
  count(mine().dead_letters);
  if (!window_.settle(held)) {
    count(mine().expired);
    return Status::expired;
  }
  count(mine().rejected);
  after_settled(held.sequence);
  return Status::ok;
}

Status GroupTopic::extend(const Held& held, std::uint64_t began_ns, std::uint64_t time_ns) noexcept {
  if (forked()) return Status::closed;
  const std::uint64_t now = platform::monotonic_ns();
  const std::uint64_t latest = began_ns + settings().lease_most_ns;
  if (now >= latest) return Status::expired;
  const std::uint64_t end = std::min(latest, now + std::min(time_ns, settings().lease_most_ns));
  if (!window_.extend(held, now, WhenWord::moment_after(end))) return Status::expired;
  return Status::ok;
}

}  // namespace shmbus::detail
