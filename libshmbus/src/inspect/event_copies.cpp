#include "inspect/event_copies.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "layout/extension_area.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

using layout::RecordMeta;
using log::Block;
using log::BlockLog;

namespace {
constexpr std::size_t kReadAtOnce = std::size_t{32} << 10;  // bytes per read
}  // namespace

EventCopies::EventCopies(const std::string& log_name, const std::string& object) {
  try {
    if (const auto file = platform::SegmentFile::open(log_name, platform::Access::read_only, object))
      file_.emplace(log_name, *file);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::permission) throw;
  }
}

std::vector<EventSnapshot> EventCopies::last(const BlockLog& log, const log::End& end, registry::BusClock& clock,
                                             std::size_t count, std::size_t max_payload) {
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
  for (const Found& record : found_) {
    auto event = copy(*file, log, clock, record, max_payload);
    // There is no pin: the bytes belong to that block only if it has not left the ring.
    if (event && log.slot(record.block.number).load(std::memory_order_acquire) == record.block.entry)
      events.push_back(std::move(*event));
  }
  if (!found_.empty()) cursor_ = {found_.front().block.number, found_.front().offset, found_.front().sequence};
  return events;
}

/// Steps from record to record, and checks each: it must be committed or aborted, and lie within the block.
void EventCopies::walk(const platform::SegmentFile& file, const BlockLog& log, const Block& block, std::uint64_t wanted,
                       std::size_t count, std::size_t& budget) {
  std::uint64_t offset = 0, sequence = block.first_sequence;
  if (cursor_.number == block.number && cursor_.sequence <= wanted) {
    offset = cursor_.offset;
    sequence = cursor_.sequence;
  }
  std::vector<std::byte> piece(std::min(kReadAtOnce, log.block_size()));
  const std::size_t head = log.record_header();
  std::uint64_t begin = 0, end = 0;  // of the piece in the block
  // The last record ends before the padding, which is at least as large as the smallest record.
  while (offset + head <= log.block_size()) {
    if (offset < begin || offset + head > end) {
      if (budget == 0) break;
      begin = offset;
      const std::size_t size = std::min<std::size_t>(piece.size(), log.block_size() - begin);
      end = begin + file.read(block.physical * std::uint64_t{log.block_size()} + begin, piece.data(), size);
      budget -= std::min(budget, size);
      if (offset + head > end) break;
    }
    std::uint64_t words[3] = {};
    std::memcpy(words, piece.data() + (offset - begin), std::min(head, sizeof words));
    const bool aborted = words[0] == ~block.key;
    if (words[0] != block.key && !aborted) break;
    const RecordMeta meta = RecordMeta::from(words[1]);
    if (meta.size < layout::kMinRecord || (meta.flags & layout::kPadding) != 0) break;
    if (!aborted) {
      if (found_.size() == count) found_.pop_front();
      found_.push_back({block, offset, words[1], log.timestamps() ? words[2] : 0, sequence});
    }
    offset += log.stride(meta.size);
    sequence += aborted ? meta.aborted_sequences() : 1;
  }
  if (budget == 0 && found_.empty()) cursor_ = {block.number, offset, sequence};
}

std::optional<EventSnapshot> EventCopies::copy(const platform::SegmentFile& file, const BlockLog& log,
                                               registry::BusClock& clock, const Found& record,
                                               std::size_t max_payload) {
  const RecordMeta meta = RecordMeta::from(record.meta);
  const std::uint64_t at = record.block.physical * std::uint64_t{log.block_size()} + record.offset;
  const std::size_t stride = log.stride(meta.size);
  std::size_t head = log.record_header();
  if ((meta.flags & layout::kExtended) != 0) {
    std::uint32_t area = 0;
    if (meta.size < head || file.read(at + head, &area, sizeof area) != sizeof area ||
        !layout::extension_area_fits(area, meta.size - head))
      return std::nullopt;
    head += log.stride(area);
  }
  if (meta.size < head || record.offset + stride > log.block_size()) return std::nullopt;
  EventSnapshot event;
  event.sequence = record.sequence;
  event.publisher = meta.port;
  event.size = meta.size - head;
  if ((meta.flags & layout::kTrimmed) != 0) {
    std::uint64_t length = 0;
    if (file.read(at + stride - sizeof length, &length, sizeof length) != sizeof length || length > event.size)
      return std::nullopt;
    event.size = length;
  }
  if (log.timestamps()) {
    const auto& entry = log.entry(record.block.physical);
    const log::Moment opened{entry.opened_cycles.load(std::memory_order_relaxed),
                             entry.opened_ns.load(std::memory_order_relaxed)};
    event.time = Time{std::chrono::nanoseconds{clock.to_ns(record.stamp, opened)}};
  }
  event.payload.resize(std::min(event.size, max_payload));
  if (file.read(at + head, event.payload.data(), event.payload.size()) != event.payload.size()) return std::nullopt;
  return event;
}

}  // namespace shmbus::detail
