#include "inspect/unread_stamps.hpp"

#include <algorithm>

#include "inspect/record_walk.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

using log::Block;
using log::BlockLog;
using log::FindResult;

UnreadStamps::UnreadStamps(const std::string& log_name, const std::string& object) {
  try {
    if (const auto file = platform::SegmentFile::open(log_name, platform::Access::read_only, object))
      file_.emplace(log_name, *file);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::permission) throw;
  }
}

std::optional<std::uint64_t> UnreadStamps::stamp_of(const BlockLog& log, unsigned port, std::uint64_t newest_block,
                                                   std::uint64_t sequence) {
  if (!file_ || newest_block == 0 || newest_block == log::kNone) return std::nullopt;
  // The newest block that begins at or before the sequence, else the oldest block.
  Block block;
  for (std::uint64_t n = newest_block, left = log.blocks(); left != 0 && n != 0; --n, --left) {
    Block candidate;
    if (log.find(n, candidate) != FindResult::found) continue;
    block = candidate;
    if (block.first_sequence <= sequence) break;
  }
  if (block.number == log::kNone) return std::nullopt;
  Cursor& cursor = cursors_[port];
  const std::uint64_t wanted = std::max(sequence, block.first_sequence);
  if (cursor.number != block.number || cursor.sequence > wanted) cursor = {block.number, 0, block.first_sequence};
  const auto file = file_->open(platform::Access::read_only);
  if (!file) return std::nullopt;
  return walk(*file, log, block, cursor, wanted);
}

std::optional<std::uint64_t> UnreadStamps::walk(const platform::SegmentFile& file, const BlockLog& log,
                                               const Block& block, Cursor& cursor, std::uint64_t sequence) {
  constexpr std::size_t kPiece = std::size_t{32} << 10, kMost = std::size_t{1} << 20;
  RecordWalk walk(log, block, cursor.offset, cursor.sequence);
  std::optional<std::uint64_t> last;
  for (std::size_t total = 0; total < kMost; total += kPiece) {
    if (walk.fill(file, kPiece, 0, log.block_size()) != RecordWalk::Fill::copied) return std::nullopt;
    while (const CopiedRecord* record = walk.next()) {
      last = record->stamp;
      cursor.offset = record->offset;
      cursor.sequence = record->sequence;
      if (record->sequence >= sequence) return last;
    }
    cursor.offset = walk.offset();
    cursor.sequence = walk.sequence();
  }
  return last;
}

}  // namespace shmbus::detail
