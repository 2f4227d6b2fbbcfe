#include "inspect/topic_source.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "platform/clock.hpp"

namespace shmbus::detail {

namespace {
/// Changes between ring and journal without an event in one call. Each needs publishers to turn the ring on.
constexpr int kChanges = 64;
constexpr std::uint64_t kNoEnd = std::numeric_limits<std::uint64_t>::max();
}  // namespace

TopicSource::TopicSource(const registry::Registry& registry, base::TopicName name, std::unique_ptr<TopicEvents> ring,
                         bool with_journal)
    : ring_(std::move(ring)), stall_limit_ns_(registry.recorded().stall_limit_ns) {
  if (!with_journal || ring_->segment().log().journal() == nullptr) return;
  journal_ = std::make_unique<JournalSource>(registry, std::move(name));
  ring_->stop_where_lapped();
}

std::uint64_t TopicSource::recorded() const noexcept {
  return ring_->segment().log().journal()->recorded.load(std::memory_order_acquire);
}

void TopicSource::copy(EventSnapshot& event) const {
  if (in_journal_)
    journal_->copy(ring_->segment().source(), ring_->max_payload(), event);
  else
    ring_->copy(event);
}

void TopicSource::start(Start start) {
  ring_->check_start(start);
  if (journal_ && start.kind() != Start::Kind::latest && start_in_both(start)) return;
  ring_->start(start);
}

/// What the ring holds needs neither the journal nor the right to read it. Returns false where the journal can't be read.
bool TopicSource::start_in_both(Start start) {
  const std::uint64_t first = ring_->segment().log().first_sequence(), next = published();
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(start.value(), 0));
  try {
    switch (start.kind()) {
      case Start::Kind::sequence:
      case Start::Kind::after: {
        const std::uint64_t sequence =
            start.kind() == Start::Kind::after ? start.event().sequence + 1 : std::max<std::uint64_t>(value, 1);
        if (sequence >= first && ring_->resume(sequence)) return true;
        journal_->start_at(sequence, true);
        break;
      }
      case Start::Kind::last:
        // Between the numbers of this memory there is no gap. Before them there may be one.
        if (next - std::min(first, next) >= value) {
          if (ring_->resume(next - value)) return true;
          journal_->start_at(next - value, false);
        } else {
          if (first == 1 && ring_->resume(1)) return true;
          journal_->start_at_last(first, value - (next - std::min(first, next)));
        }
        break;
      case Start::Kind::time:
        ring_->start(start);
        if ((first == 1 && ring_->holds(1)) || ring_->holds_from(start.value())) return true;
        journal_->start_at_time(start.value());
        break;
      default:
        if (first == 1 && ring_->resume(1)) return true;
        journal_->start_at_oldest();
    }
  } catch (const Error& error) {
    problem_ = error;
    return false;
  }
  in_journal_ = true;
  return true;
}

/// In front of events that have left the ring. Returns false where the journal can't be read.
bool TopicSource::enter_journal() noexcept {
  try {
    if (ring_->sought_time() != 0)
      journal_->start_at_time(ring_->sought_time());
    else
      journal_->start_at(ring_->next_sequence(), true);
    problem_.reset();
    return true;
  } catch (const Error& error) {
    problem_ = error;
    return false;
  }
}

bool TopicSource::advance(std::size_t piece, std::uint64_t end) {
  for (int i = 0; i < kChanges; ++i) {
    if (in_journal_) {
      if (advance_in_journal(end)) return true;
      if (in_journal_) return false;
    }
    if (ring_->advance(piece, end)) return true;
    if (!ring_->lapped() || ring_->corrupt()) return false;
    in_journal_ = enter_journal();
    if (!in_journal_) ring_->skip_to(ring_->next_sequence());
  }
  return false;
}

bool TopicSource::advance_in_journal(std::uint64_t end) {
  end = std::min(end, ring_->end());
  try {
    for (;;) {
      const std::uint64_t watermark = recorded();
      const bool found = journal_->advance(watermark, end);
      lost_ += journal_->take_lost();
      problem_.reset();
      if (found) {
        waiting_since_ = 0;
        return journal_->sequence() < ring_->end();
      }
      if (journal_->next_sequence() >= end || !leave_journal(watermark)) return false;
      if (!in_journal_) return false;
    }
  } catch (const Error& error) {
    problem_ = error;
    return false;
  }
}

/// Behind the last frame: back to the ring as soon as it holds the next event. Returns false where there is nothing to do
/// but to wait.
bool TopicSource::leave_journal(std::uint64_t watermark) {
  const std::uint64_t first = ring_->segment().log().first_sequence(), next = journal_->next_sequence();
  if (journal_->seeks_time()) {
    ring_->start(Start::time(Time{std::chrono::nanoseconds{journal_->sought_time()}}));
    in_journal_ = false;
  } else if (!journal_->settled()) {
    // An empty journal, or one that begins behind the ring: what is there begins in the ring.
    if (!ring_->resume(std::max(next, first))) ring_->start(Start::oldest());
    in_journal_ = false;
  } else if (next >= first && ring_->resume(next)) {
    in_journal_ = false;
  } else if (recorded() == watermark) {
    // The ring has moved past it, and it is not in the journal yet. A recorder may be about to write it.
    const std::uint64_t now = platform::monotonic_ns();
    if (waiting_since_ == 0) waiting_since_ = now;
    if (ring_->end() == kNoEnd && now - waiting_since_ < stall_limit_ns_) return false;
    ring_->skip_to(std::max(next, first));
    in_journal_ = false;
  }
  if (!in_journal_) waiting_since_ = 0;
  return true;
}

/// Numbers of a former memory are not counted: which of them had events is not known without the journal.
void TopicSource::abandon() {
  const std::uint64_t end = std::min(published(), ring_->end());
  const std::uint64_t next = std::max(next_sequence(), ring_->segment().log().first_sequence());
  if (end > next) lost_ += end - next;
}

void TopicSource::close() noexcept {
  ring_->close();
  if (journal_) journal_->close();
}

}  // namespace shmbus::detail
