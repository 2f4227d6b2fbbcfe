// Where a reader without a port begins. As log/reader_start.cpp for one with a port, which needs to pin first.

#include <algorithm>

#include "inspect/topic_events.hpp"
#include "log/block_search.hpp"

namespace shmbus::detail {

using log::Block;
using log::FindResult;

namespace {
/// The stamps of several publishers are not exactly in order.
constexpr std::int64_t kDisorder = 1'000'000'000;  // ns
}  // namespace

void TopicEvents::check_start(Start start) const {
  if (start.kind() == Start::Kind::time && !log_->timestamps()) {
    throw Error(ErrorCode::invalid_option, {segment_->object(), "time stamps, to start at a time", "none",
                                            "create it with timestamps, or start at a sequence"});
  }
  if (start.kind() != Start::Kind::after) return;
  const EventId id = start.event();
  const CopySource& source = segment_->source();
  const bool of_this_bus = id.bus == source.bus || log_->journal() != nullptr;  // it was brought back, perhaps
  if (!of_this_bus || id.topic != source.id || id.sequence >= published()) {
    throw Error(ErrorCode::stale_position,
                {segment_->object(), "to be the one that event " + id.to_string() + " was of",
                 "another one of that name, or fewer events",
                 "begin with Start::oldest(), and count the events between as lost"});
  }
}

void TopicEvents::start(Start start) {
  segment_->check_size();
  check_start(start);
  const log::End end = log_end();
  switch (start.kind()) {
    case Start::Kind::latest:
      start_at_end(end, end.next_sequence);
      break;
    case Start::Kind::oldest:
      start_oldest(end);
      break;
    case Start::Kind::sequence:
      start_at_sequence(end, std::max<std::uint64_t>(1, static_cast<std::uint64_t>(start.value())), true);
      break;
    case Start::Kind::after:
      start_at_sequence(end, start.event().sequence + 1, true);
      break;
    case Start::Kind::last: {
      const auto count = static_cast<std::uint64_t>(start.value());
      start_at_sequence(end, end.next_sequence > count ? end.next_sequence - count : 1, false);
      break;
    }
    case Start::Kind::time:
      start_at_time(end, start.value());
      break;
  }
}

/// Begins with event `sequence`, which is the next one or a later one.
void TopicEvents::start_at_end(const log::End& end, std::uint64_t sequence) {
  expected_ = sequence;
  wanted_ = end.number;
  if (end.offset >= log_->block_size()) {
    wanted_ = end.number + 1;
    return;
  }
  Block block;
  if (log_->find(end.number, block) != FindResult::found)
    return;  // what it had left is counted when a block is entered
  walk_.enter(block, end.offset, end.next_sequence);
  times_.emplace(*log_, block, *clock_);
  in_block_ = true;
}

void TopicEvents::start_oldest(const log::End& end) {
  expected_ = end.next_sequence;
  wanted_ = std::max<std::uint64_t>(1, end.number);
  for (std::uint64_t n = log::oldest_block(*log_, end); n <= end.number; ++n) {
    Block block;
    if (log_->find(n, block) != FindResult::found) continue;
    wanted_ = n;
    expected_ = block.first_sequence;
    return;
  }
}

void TopicEvents::start_at_sequence(const log::End& end, std::uint64_t sequence, bool missed_counts) {
  if (sequence >= end.next_sequence) {
    start_at_end(end, sequence);
  } else if (const std::uint64_t n = log::block_of(*log_, end, sequence); n != 0) {
    wanted_ = n;
    expected_ = sequence;
  } else {
    start_oldest(end);
    if (missed_counts && expected_ > sequence) lost_ += expected_ - sequence;
  }
}

/// Begins one block earlier than the table shows, since the stamps of several publishers are not exactly in order.
void TopicEvents::start_at_time(const log::End& end, std::int64_t ns) {
  start_oldest(end);
  skip_time_ = std::max<std::int64_t>(ns, 1);
  const std::uint64_t first = log::first_block_of(*log_, end, ns);
  Block block;
  if (first <= wanted_ + 1 || log_->find(first - 1, block) != FindResult::found) return;
  wanted_ = first - 1;
  expected_ = block.first_sequence;
}

bool TopicEvents::holds_from(std::int64_t ns) const {
  segment_->check_size();
  const log::End end = log_end();
  const std::uint64_t oldest = log::oldest_block(*log_, end);
  Block block;
  return oldest > 1 && log_->find(oldest, block) == FindResult::found &&
         log_->entry(block.physical).opened_ns.load(std::memory_order_relaxed) < ns - kDisorder;
}

void TopicEvents::leave() noexcept {
  walk_.release();
  in_block_ = false;
  lapped_ = false;
  skip_time_ = 0;
}

bool TopicEvents::holds(std::uint64_t sequence) const {
  segment_->check_size();
  const log::End end = log_end();
  return sequence >= end.next_sequence || log::block_of(*log_, end, sequence) != 0;
}

bool TopicEvents::resume(std::uint64_t sequence) {
  segment_->check_size();
  const log::End end = log_end();
  if (sequence >= end.next_sequence) {
    leave();
    start_at_end(end, sequence);
    return true;
  }
  const std::uint64_t block = log::block_of(*log_, end, sequence);
  if (block == 0) return false;
  leave();
  wanted_ = block;
  expected_ = sequence;
  return true;
}

void TopicEvents::skip_to(std::uint64_t sequence) {
  segment_->check_size();
  leave();
  start_at_sequence(log_end(), sequence, true);
}

}  // namespace shmbus::detail
