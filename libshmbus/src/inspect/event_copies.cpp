#include "inspect/event_copies.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "inspect/block_times.hpp"
#include "inspect/record_walk.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

using log::Block;
using log::BlockLog;

namespace {
constexpr std::size_t kReadAtOnce = std::size_t{32} << 10;  // bytes per read that locates records
constexpr std::size_t kCopiedAtOnce = std::size_t{4} << 10;  // bytes per read that copies one of them
}  // namespace

EventCopies::EventCopies(const std::string& log_name, const std::string& object) {
  try {
    if (const auto file = platform::SegmentFile::open(log_name, platform::Access::read_only, object))
      file_.emplace(log_name, *file);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::permission) throw;
  }
}

std::vector<EventSnapshot> EventCopies::last(const BlockLog& log, const log::End& end, const CopySource& source,
                                             registry::BusClock& clock, std::size_t count, std::size_t max_payload) {
  std::vector<EventSnapshot> events;
  if (!file_ || count == 0 || end.number == 0 || end.number == log::kNone) return events;
  const auto file = file_->open(platform::Access::read_only);
  if (!file) return events;
  const std::uint64_t wanted = end.next_sequence > count ? end.next_sequence - count : 1;
  // From the newest block back to the one that holds the first wanted event.
  std::vector<Block> blocks;
  for (std::uint64_t n = end.number; n >= log::oldest_block(log, end); --n) {
    Block block;
    if (log.find(n, block) != log::FindResult::found) continue;
    blocks.push_back(block);
    if (block.first_sequence <= wanted) break;
  }
  found_.clear();
  // How many bytes to read to locate records. More than the records of the last call took, so each call gets further.
  std::size_t budget = (std::size_t{4} << 20) + count * kReadAtOnce;
  for (auto block = blocks.rbegin(); block != blocks.rend() && budget != 0; ++block)
    walk(*file, log, *block, wanted, count, budget);
  for (const Found& found : found_) {
    RecordWalk walk(log, found.block, found.offset, found.sequence);
    const BlockTimes times(log, found.block, clock);
    if (walk.fill(*file, kCopiedAtOnce, max_payload, log.block_size()) != RecordWalk::Fill::copied) continue;
    const CopiedRecord* record = walk.next();
    if (record == nullptr) continue;
    if (const auto parts = record->parts(log))
      copy_event(source, *parts, times.of(record->stamp), max_payload, events.emplace_back());
  }
  if (!found_.empty()) cursor_ = {found_.front().block.number, found_.front().offset, found_.front().sequence};
  return events;
}

/// Notes the last `count` events up to the end of the block, or until the budget is used up.
void EventCopies::walk(const platform::SegmentFile& file, const BlockLog& log, const Block& block, std::uint64_t wanted,
                       std::size_t count, std::size_t& budget) {
  const bool goes_on = cursor_.number == block.number && cursor_.sequence <= wanted;
  RecordWalk walk(log, block, goes_on ? cursor_.offset : 0, goes_on ? cursor_.sequence : block.first_sequence);
  while (budget != 0) {
    if (walk.fill(file, kReadAtOnce, 0, log.block_size()) != RecordWalk::Fill::copied) break;
    while (const CopiedRecord* record = walk.next()) {
      if (found_.size() == count) found_.pop_front();
      found_.push_back({block, record->offset, record->sequence});
    }
    budget -= std::min(budget, kReadAtOnce);
  }
  if (budget == 0 && found_.empty()) cursor_ = {block.number, walk.offset(), walk.sequence()};
}

}  // namespace shmbus::detail
