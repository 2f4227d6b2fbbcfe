#include <algorithm>
#include <cstdio>
#include <utility>

#include "client/group_topic.hpp"
#include "platform/clock.hpp"

namespace shmbus::detail {

using group::Held;
using group::Window;
using layout::SlotState;
using layout::WhenWord;

// How a member walks through the topic.

bool GroupTopic::poll_next() noexcept {
  pending_.reset();
  attached_->path().poll([&](const EventRecord& record) { pending_ = record; }, 1);
  const std::uint64_t lost = attached_->lost();
  to_count_lost_ += lost - std::min(lost, seen_lost_);
  seen_lost_ = lost;
  return pending_.has_value();
}

Event GroupTopic::pending_event() const noexcept { return Event(&attached_->source, attached_.get(), *pending_); }

/// One step of the walk: to the next event, over the numbers before it, and over it.
GroupTopic::Walk GroupTopic::walk(std::uint64_t now_ns, Taken& taken) {
  if (!pending_ && !poll_next())
    return pass_numbers(attached_->next_sequence()) == Walk::blocked ? Walk::blocked : Walk::end;
  const Walk passed = pass_numbers(pending_->sequence);
  if (passed == Walk::blocked) return full();
  return lease_pending(now_ns, taken);
}

/// Settles the numbers from here up to `end`, which no event has, or whose events are lost.
GroupTopic::Walk GroupTopic::pass_numbers(std::uint64_t end) noexcept {
  while (walk_ < end) {
    const std::uint64_t floor = window_.floor();
    if (walk_ < floor) {
      walk_ = std::min(floor, end);
      continue;
    }
    if (end - walk_ > window_.size() && !window_.walked_over(walk_)) {
      if (!window_.cross(walk_, end)) return Walk::blocked;
      const std::uint64_t lost = std::min(to_count_lost_, end - walk_);
      to_count_lost_ -= lost;
      if (lost != 0) count(mine().lost, lost);
      walked_to(end);
      continue;
    }
    const Window::Step step = window_.skip_next(walk_);
    if (step == Window::Step::full) return Walk::blocked;
    if (step == Window::Step::done && to_count_lost_ != 0) {
      --to_count_lost_;
      count(mine().lost);
    }
    walked_to(walk_ + 1);
  }
  to_count_lost_ = 0;  // the others were settled before
  return Walk::moved;
}

/// The window has room. With order by key, a member that settles an event reads `walked` (K2); else only sweeps and monitors
/// do.
void GroupTopic::walked_to(std::uint64_t sequence) noexcept {
  walk_ = sequence;
  mine().walked.store(sequence, chain_ ? std::memory_order_seq_cst : std::memory_order_release);
  if (auto& since = window_.shared().full_since; since.load(std::memory_order_relaxed) != 0)
    since.store(0, std::memory_order_seq_cst);
}

/// The window is full. A back-off at its floor ends at once.
GroupTopic::Walk GroupTopic::full() noexcept {
  auto& since = window_.shared().full_since;
  if (since.load(std::memory_order_relaxed) == 0) since.store(platform::monotonic_ns(), std::memory_order_seq_cst);
  const std::uint64_t floor = window_.floor();
  if (window_.word(floor).state() == SlotState::waiting && window_.word(floor).round() == window_.round(floor))
    window_.set_ready(floor);
  return Walk::blocked;
}

/// The key function is the program's. Where it throws, the event has the key that its publisher gave.
std::string_view GroupTopic::key_of(const Event& event, std::string& buffer) noexcept {
  if (!options_->key) return event.key();
  try {
    buffer = options_->key(event);
    return buffer;
  } catch (const std::exception& error) {
    report_key(event, error.what());
  } catch (...) {
    report_key(event, "an object that is not a std::exception");
  }
  return event.key();
}

void GroupTopic::report_key(const Event& event, const char* what) noexcept {
  if (!key_reports_.due()) return;
  std::fprintf(
      stderr,
      "shmbus: %s: GroupOptions::key threw at sequence %llu: %s; the event has the order of its publisher's key\n",
      file_->object().c_str(), static_cast<unsigned long long>(event.sequence()), what);
}

GroupTopic::Walk GroupTopic::lease_pending(std::uint64_t now_ns, Taken& taken) {
  const std::uint64_t sequence = pending_->sequence;
  if (sequence < window_.floor()) {
    pending_.reset();
    walked_to(sequence + 1);
    return Walk::moved;
  }
  std::optional<Held> held;
  if (chain_) {
    const Window::Step step = window_.show_next(sequence);
    if (step == Window::Step::full) return full();
    std::string buffer;
    chain_->add(sequence, key_of(pending_event(), buffer), window_.floor());
    walked_to(sequence + 1);
    if (chain_->may_lease(sequence, window_) && !window_.settled(sequence)) {
      if (may_lease_one(now_ns)) {
        held = window_.lease_waiting(sequence, member_, now_ns, lease_end(now_ns));
        if (!held) limit_.give();
      } else {
        window_.set_ready(sequence);
      }
    }
  } else {
    if (window_.walked_over(sequence)) {
      pending_.reset();
      walked_to(sequence + 1);
      return Walk::moved;
    }
    if (!may_lease_one(now_ns)) return Walk::blocked;
    Held mine;
    const Window::Step step = window_.lease_next(sequence, member_, now_ns, lease_end(now_ns), mine);
    if (step != Window::Step::done) limit_.give();
    if (step == Window::Step::full) return full();
    walked_to(sequence + 1);
    if (step == Window::Step::done) held = mine;
  }
  if (!held) {
    if (chain_ && window_.word(sequence).state() == SlotState::waiting) keep(pending_event());
    pending_.reset();
    return Walk::moved;
  }
  count(mine().leases);
  if (window_.due().moment() == group::Due::kNever)
    window_.due().lower(WhenWord::moment_after(now_ns + sweep_.period_ns()));
  const Event event = pending_event();
  pending_.reset();
  try {
    taken.event.emplace(event.retain());
  } catch (...) {
    count(mine().given_back);
    back_to_queue(*held, sweep_.period_ns());
    throw;
  }
  return hand_out(*held, now_ns, member_, taken) ? Walk::leased : Walk::moved;
}

}  // namespace shmbus::detail
