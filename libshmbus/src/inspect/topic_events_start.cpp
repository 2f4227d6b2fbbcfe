// Where a reader without a port begins. As log/reader_start.cpp for one with a port, which needs to pin first.

#include <algorithm>

#include "inspect/topic_events.hpp"
#include "log/block_search.hpp"

namespace shmbus::detail {

using log::Block;
using log::FindResult;

void TopicEvents::start(Start start) {
  segment_->check_size();
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
    case Start::Kind::after: {
      const EventId id = start.event();
      const CopySource& source = segment_->source();
      const bool of_this_bus = id.bus == source.bus || log_->journal() != nullptr;  // it was brought back, perhaps
      if (!of_this_bus || id.topic != source.id || id.sequence >= end.next_sequence) {
        throw Error(ErrorCode::stale_position,
                    {segment_->object(), "to be the one that event " + id.to_string() + " was of",
                     "another one of that name, or fewer events",
                     "begin with Start::oldest(), and count the events between as lost"});
      }
      start_at_sequence(end, id.sequence + 1, true);
      break;
    }
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
  if (log_->find(end.number, block) != FindResult::found) return;  // what it had left is counted when a block is entered
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
  if (!log_->timestamps()) {
    throw Error(ErrorCode::invalid_option, {segment_->object(), "time stamps, to start at a time", "none",
                                            "create it with timestamps, or start at a sequence"});
  }
  start_oldest(end);
  skip_time_ = std::max<std::int64_t>(ns, 1);
  const std::uint64_t first = log::first_block_of(*log_, end, ns);
  Block block;
  if (first <= wanted_ + 1 || log_->find(first - 1, block) != FindResult::found) return;
  wanted_ = first - 1;
  expected_ = block.first_sequence;
}

}  // namespace shmbus::detail
