#include "inspect/topic_events.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "log/block_search.hpp"
#include "log/claims.hpp"
#include "log/ports.hpp"

namespace shmbus::detail {

using log::Block;
using log::FindResult;
using Fill = RecordWalk::Fill;

namespace {
/// Blocks that may be passed in one call without an event, each of which needs publishers to turn the ring on.
constexpr int kTries = 1024;
}  // namespace

TopicEvents::TopicEvents(std::unique_ptr<InspectedLog> segment, std::vector<uid_t> owners, registry::BusClock& clock,
                         std::size_t max_payload)
    : segment_(std::move(segment)),
      log_(&segment_->log()),
      clock_(&clock),
      max_payload_(max_payload),
      file_(segment_->log_name(), segment_->object() + ", its log", segment_->recorded().geometry.log_size,
            std::move(owners)),
      walk_(*log_) {}

Error TopicEvents::corrupt_error(const std::string& found) const {
  return {ErrorCode::corrupt,
          {segment_->object(), "what shmbus writes", found, "another program overwrote it: remove the topic"}};
}

log::End TopicEvents::log_end() const {
  const log::End end = log::end_of(*log_);
  if (end.number == log::kNone) throw corrupt_error("a tail and a ring that do not fit each other");
  return end;
}

std::uint64_t TopicEvents::published() const {
  segment_->check_size();
  return log_end().next_sequence;
}

void TopicEvents::end_here() { end_ = published(); }

bool TopicEvents::take(const CopiedRecord& record) {
  if (record.sequence < expected_ || record.sequence >= end_) return false;
  expected_ = record.sequence + 1;  // E2
  time_ = times_->of(record.stamp);
  if (skip_time_ != 0 && time_.time_since_epoch().count() < skip_time_) return false;
  skip_time_ = 0;
  const auto parts = record.parts(*log_);
  if (!parts) throw corrupt_error("event " + std::to_string(record.sequence) + " with sizes that do not fit it");
  current_ = *parts;
  return true;
}

bool TopicEvents::advance(std::size_t piece, std::uint64_t end) {
  if (corrupt_) return false;
  try {
    for (;;) {
      while (const CopiedRecord* record = walk_.next()) {
        if (take(*record)) return true;
      }
      if (next_sequence() >= std::min(end, end_) || !read_on(piece)) break;
    }
    walk_.release();
  } catch (const Error& error) {
    problem_ = error;
    corrupt_ = error.code() == ErrorCode::corrupt;
  }
  return false;
}

/// Copies the next piece. Returns false where there is none now.
bool TopicEvents::read_on(std::size_t piece) {
  segment_->check_size();
  waits_ = false;
  for (int i = 0; i < kTries; ++i) {
    if (!in_block_ && !enter_block()) return false;
    const std::uint64_t limit = claimed_part(log_end());
    if (limit < log_->block_size() && walk_.offset() >= limit) return false;  // the end of the log
    const platform::SegmentFile* file = file_.open();
    if (file == nullptr) {  // the topic is being removed
      problem_ = Error(ErrorCode::not_found, {segment_->object(), "its log", "no file of that name",
                                              "if the topic was not removed just now: shmbus rm --topic " + name()});
      return false;
    }
    problem_.reset();
    switch (walk_.fill(*file, piece, max_payload_, limit)) {
      case Fill::copied:
        return true;
      case Fill::block_end:
        leave_block();
        break;
      case Fill::gone:
        leave_lapped_block();
        break;
      case Fill::unfinished:
        if (next_block_goes_on())
          leave_block();
        else
          return pass_unfinished(*file, piece, limit);
        break;
      case Fill::corrupt:
        throw corrupt_error("event " + std::to_string(walk_.sequence()) + " of a size that can't be");
      case Fill::cut_short:
        file_.open();  // throws where the file has another size
        return false;  // the program closed our descriptor
    }
  }
  return false;
}

/// Returns how many bytes of the block were claimed.
std::uint64_t TopicEvents::claimed_part(const log::End& end) const noexcept {
  if (end.number == walk_.block().number) return end.offset;
  return end.number < walk_.block().number ? 0 : log_->block_size();  // 0: its opener has not moved the tail into it
}

bool TopicEvents::enter_block() {
  for (int i = 0; i < kTries; ++i) {
    Block block;
    switch (log_->find(wanted_, block)) {
      case FindResult::found:
        if (block.first_sequence < position_) throw corrupt_error("a block that begins before its predecessor ends");
        lapped_ = stops_ && block.first_sequence > next_sequence();
        if (lapped_) return false;
        count_missed(block.first_sequence);
        position_ = block.first_sequence;
        walk_.enter(block, 0, block.first_sequence);
        times_.emplace(*log_, block, *clock_);
        in_block_ = true;
        return true;
      case FindResult::not_open: {
        const std::uint64_t newest = log_end().number;
        if (wanted_ > newest + 1 || (wanted_ <= newest && log_->find(wanted_, block) == FindResult::not_open))
          throw corrupt_error("a tail and a ring that do not fit each other");
        return false;
      }
      case FindResult::gone:
        wanted_ = log_->oldest_after(wanted_);
        break;
      case FindResult::corrupt:
        throw corrupt_error("a ring with another block than its number says");
    }
  }
  return false;
}

void TopicEvents::leave_block() {
  position_ = walk_.sequence();
  expected_ = std::max(expected_, position_);  // aborted ones at its end are not lost
  wanted_ = walk_.block().number + 1;
  in_block_ = false;
}

void TopicEvents::leave_lapped_block() {
  leave_block();
  wanted_ = log_->oldest_after(walk_.block().number);
}

/// E1. Before the first event of the start's time, it is not known whether a missed one was wanted.
void TopicEvents::count_missed(std::uint64_t first_sequence) noexcept {
  if (first_sequence <= expected_) return;
  if (skip_time_ == 0) lost_ += std::min(first_sequence, end_) - std::min(expected_, end_);
  expected_ = first_sequence;
}

/// Whether nothing but the seal of the block is unfinished: the next block begins with the next sequence. The publisher
/// that sealed it may have died.
bool TopicEvents::next_block_goes_on() const noexcept {
  Block next;
  return log_->find(walk_.block().number + 1, next) == FindResult::found && next.first_sequence == walk_.sequence();
}

/// Whether a publisher's port shows a claim of the record at an offset of the block.
bool TopicEvents::claimed(std::uint64_t offset) const noexcept {
  const auto& format = log_->format();
  bool found = false;
  log::for_each_port(log_->header().publishers.load(std::memory_order_acquire), [&](unsigned i) {
    const auto claim = log::read_claim(*log_, i);
    if (!claim || format.block(claim->where) != format.low(walk_.block().number)) return;
    const std::uint64_t begin = format.offset(claim->where);
    found = found || (offset >= begin && offset < begin + claim->what.stride());
  });
  return found;
}

/// In front of a record that the tail has passed and that is not finished. A publisher shows its claim before the tail
/// moves over it, and takes it back after the key (W1, W2). So where no port shows a claim of the record, it is finished
/// by now, or was overwritten.
bool TopicEvents::pass_unfinished(const platform::SegmentFile& file, std::size_t piece, std::uint64_t limit) {
  waits_ = claimed(walk_.offset());
  if (waits_) return false;
  switch (walk_.fill(file, piece, max_payload_, limit)) {
    case Fill::copied:
    case Fill::block_end:
      return true;
    case Fill::gone:
      leave_lapped_block();
      return true;
    case Fill::unfinished:
      throw corrupt_error("event " + std::to_string(walk_.sequence()) + ", which no publisher has committed or claims");
    case Fill::corrupt:
      throw corrupt_error("event " + std::to_string(walk_.sequence()) + " of a size that can't be");
    case Fill::cut_short:
      file_.open();
  }
  return false;
}

}  // namespace shmbus::detail
