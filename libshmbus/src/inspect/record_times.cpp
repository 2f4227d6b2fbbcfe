#include "inspect/record_times.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "shmbus/error.hpp"

namespace shmbus::detail {

using layout::RecordMeta;
using log::Block;
using log::BlockLog;
using log::FindResult;

RecordTimes::RecordTimes(const std::string& log_name, const std::string& object) {
  try {
    if (const auto file = platform::SegmentFile::open(log_name, platform::Access::read_only, object))
      file_.emplace(log_name, *file);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::permission) throw;
  }
}

std::optional<std::uint64_t> RecordTimes::stamp_of(const BlockLog& log, unsigned port, std::uint64_t newest_block,
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
  const auto stamp = walk(*file, log, block, cursor, wanted);
  // There is no pin: the bytes belong to that block only if it has not left the ring.
  if (log.slot(block.number).load(std::memory_order_acquire) != block.entry) return std::nullopt;
  return stamp;
}

/// Steps from record to record, and checks each: it must be committed or aborted, and lie within the block.
std::optional<std::uint64_t> RecordTimes::walk(const platform::SegmentFile& file, const BlockLog& log,
                                               const Block& block, Cursor& cursor, std::uint64_t sequence) {
  constexpr std::size_t kPiece = std::size_t{32} << 10, kMost = std::size_t{1} << 20;
  constexpr std::size_t kHead = layout::kMinRecord + layout::kTimeSize;
  std::vector<std::byte> piece(std::min(kPiece, log.block_size()));
  std::optional<std::uint64_t> last;
  std::uint64_t begin = 0, end = 0;  // of the piece in the block
  for (std::size_t total = 0; cursor.offset + kHead <= log.block_size();) {
    if (cursor.offset < begin || cursor.offset + kHead > end) {
      if (total >= kMost) return last;
      begin = cursor.offset;
      const std::size_t size = std::min<std::size_t>(piece.size(), log.block_size() - begin);
      end = begin + file.read(block.physical * std::uint64_t{log.block_size()} + begin, piece.data(), size);
      total += size;
      if (cursor.offset + kHead > end) return std::nullopt;
    }
    std::uint64_t words[3];
    std::memcpy(words, piece.data() + (cursor.offset - begin), sizeof words);
    const bool aborted = words[0] == ~block.key;
    if (words[0] != block.key && !aborted) return std::nullopt;
    const RecordMeta meta = RecordMeta::from(words[1]);
    if (meta.size < layout::kMinRecord || (meta.flags & layout::kPadding) != 0) return std::nullopt;
    if (!aborted) {
      last = words[2];
      if (cursor.sequence >= sequence) return last;
    }
    cursor.offset += log.stride(meta.size);
    cursor.sequence += aborted ? meta.aborted_sequences() : 1;
  }
  return std::nullopt;
}

}  // namespace shmbus::detail
