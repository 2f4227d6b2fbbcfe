#include <algorithm>
#include <utility>

#include "client/group_topic.hpp"
#include "platform/clock.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::detail {

using group::Held;
using layout::SlotState;
using layout::WhenWord;

// How a member comes to a lease.

std::uint64_t GroupTopic::lease_end(std::uint64_t now_ns) const noexcept {
  return WhenWord::moment_after(now_ns + settings().lease_ns);
}

bool GroupTopic::take(Taken& taken) {
  blocked_ = false;
  for (;;) {
    const std::uint64_t now = platform::monotonic_ns();
    // By key, a member sweeps when it has walked over all that any has.
    const bool due = window_.due().moment() <= WhenWord::moment_of(now);
    const bool behind = due && chain_ && walk_ < members_.walked();
    if (due && !behind && sweep_.take(now)) sweep(now);
    if (const auto sequence = window_.take_ready(chain_ ? walk_ : ~std::uint64_t{0})) {
      if (!may_lease_one(now)) {
        window_.set_ready(*sequence);
        blocked_ = true;
        return false;
      }
      if (take_waiting(*sequence, now, taken)) return true;
      continue;
    }
    switch (walk(now, taken)) {
      case Walk::leased:
        return true;
      case Walk::moved:
        continue;
      case Walk::blocked:
        blocked_ = true;
        return false;
      case Walk::end:
        gate_.move(window_.floor());
        // What the others have walked over can't be read here, so the sweep is not left to them.
        if (behind && sweep_.take(now)) sweep(now);
        return false;
    }
  }
}

void GroupTopic::sweep(std::uint64_t now_ns) noexcept {
  gate_.keep();  // its owner may have ended
  sweep_.run(now_ns, chain_.get());
  if (!window_.ready().empty()) members_.wake();  // for those that are more than this member takes
}

/// Whether the group's guard and its limit allow one more lease now. The lease then counts against the limit.
bool GroupTopic::may_lease_one(std::uint64_t now_ns) noexcept {
  if (!limit_.take()) {
    if (!limit_.reached()) members_.wake();  // one that was refused because of this try looks again
    return false;
  }
  if (!guard_.cautious() || guard_.allow(now_ns)) return true;
  limit_.give();
  return false;
}

/// A ready bit may have been set late, for an event that its slot held before: so the order is asked again (K1). Whoever
/// settles the earlier event sets the bit after that.
bool GroupTopic::take_waiting(std::uint64_t sequence, std::uint64_t now_ns, Taken& taken) {
  if (chain_ && !chain_->may_lease(sequence, window_)) {
    limit_.give();
    return false;
  }
  const unsigned last_holder = window_.word(sequence).member();
  const auto held = window_.lease_waiting(sequence, member_, now_ns, lease_end(now_ns));
  if (!held) {
    limit_.give();
    // The bit may have meant a later event in this slot, or one that may not be leased yet.
    const layout::SlotWord word = window_.word(sequence);
    const WhenWord when = window_.when(sequence);
    if (word.state() != SlotState::waiting) return false;
    if (word.leases() == 0 || (when.of(word) && when.moment() <= WhenWord::moment_of(now_ns))) {
      if (!chain_) window_.set_ready(sequence);
      window_.due().lower(WhenWord::moment_of(now_ns) + 1);
    } else {
      window_.due().lower(when.of(word) ? when.moment() : WhenWord::moment_after(now_ns + sweep_.period_ns()));
    }
    return false;
  }
  count(mine().leases);
  taken.event = take_kept(sequence);
  if (!taken.event) taken.event = fetch(*held);
  return taken.event && hand_out(*held, now_ns, last_holder, taken);
}

/// Keeps an event that waits for an earlier one of its key, so that it need not be read again. Some: each may hold a block.
void GroupTopic::keep(const Event& event) noexcept {
  constexpr std::size_t kMost = 1024, kMostBytes = 4096;
  if (!kept_.empty()) kept_.erase(kept_.begin(), kept_.lower_bound(window_.floor()));
  try {
    if (kept_.size() < kMost && event.payload().size() <= kMostBytes) kept_.emplace(event.sequence(), event.retain());
  } catch (const std::bad_alloc&) {  // it is read again
  }
}

std::optional<RetainedEvent> GroupTopic::take_kept(std::uint64_t sequence) {
  const auto found = kept_.find(sequence);
  if (found == kept_.end()) return std::nullopt;
  std::optional<RetainedEvent> event(std::move(found->second));
  kept_.erase(found);
  return event;
}

/// Gives a leased event to the caller; or publishes it as a dead letter, where it was leased often enough.
bool GroupTopic::hand_out(const Held& held, std::uint64_t now_ns, unsigned last_holder, Taken& taken) {
  const auto leases = static_cast<unsigned>(held.word.leases());
  if (leases > 1) count(mine().redelivered);
  const unsigned most = settings().max_deliveries;
  if (most == 0 || leases <= most) {
    taken.held = held;
    taken.deliveries = leases;
    taken.began_ns = now_ns;
    return true;
  }
  const std::string reason = "leased " + std::to_string(most) + " times, and not settled";
  if (dead_letters_.publish(**taken.event, most, reason, holder_text(last_holder)) == Status::ok) {
    SHMBUS_CRASH_POINT("group.dead_letter");
    count(mine().dead_letters);
    count(mine().rejected);
    if (window_.settle(held)) after_settled(held.sequence);
  } else {
    count(mine().unpublished);
    count(mine().given_back);
    constexpr std::uint64_t kPause = 1'000'000'000;
    back_to_queue(held, std::max(back_off_.after(leases), kPause));
  }
  taken.event.reset();
  return false;
}

std::string GroupTopic::holder_text(unsigned member) const {
  const layout::GroupMember& m = file_->shared().members[member & 63];
  return m.name.load();
}

/// Reads an event again, by a reader of its own, and copies it. One that is in neither ring nor journal is lost to the group.
std::optional<RetainedEvent> GroupTopic::fetch(const Held& held) {
  const std::uint64_t sequence = held.sequence;
  std::optional<RetainedEvent> event;
  bool read = false;
  try {
    const auto again = attach(segment_, subscription_, Start::sequence(sequence), false);
    for (int i = 0; i < 2 && !read && again->status() == Status::ok; ++i) {  // the first may only change the source
      again->path().poll(
          [&](const EventRecord& record) {
            read = true;
            if (record.sequence != sequence) return;
            // The copy names the member's own reader, which exists for as long as the lease.
            const Event read_again(&attached_->source, again.get(), record);
            Event found(&attached_->source, attached_.get(), record);
            found.record_.stamp = static_cast<std::uint64_t>(read_again.time().time_since_epoch().count());
            found.kept_ = Event::kCopied;
            event.emplace(RetainedEvent(attached_, found, -1));
          },
          1);
    }
    if (!read && again->next_sequence() <= sequence) {  // it can't be read now
      count(mine().given_back);
      back_to_queue(held, sweep_.period_ns());
      return std::nullopt;
    }
  } catch (const std::exception&) {  // no port, no memory, no journal to read
    count(mine().given_back);
    back_to_queue(held, sweep_.period_ns());
    return std::nullopt;
  }
  if (!event) {
    count(mine().lost);
    count(mine().rejected);
    if (window_.settle(held)) after_settled(sequence);
  }
  return event;
}

}  // namespace shmbus::detail
