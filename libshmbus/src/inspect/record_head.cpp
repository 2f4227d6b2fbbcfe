#include "inspect/record_head.hpp"

#include <cstring>

namespace shmbus::detail {

using layout::RecordMeta;

/// The rules are those of log::Reader: every record leaves room for the padding after it, and padding reaches to the
/// block's end.
RecordHead judge_head(const log::BlockLog& log, const log::Block& block, std::uint64_t offset,
                      const std::byte* head) noexcept {
  std::uint64_t words[2];
  std::memcpy(words, head, sizeof words);
  if (words[0] != block.key && words[0] != ~block.key) return {};
  RecordHead record;
  record.meta = RecordMeta::from(words[1]);
  record.stride = log.stride(record.meta.size);
  const std::size_t room = log.block_size() - offset;
  const bool padding = (record.meta.flags & layout::kPadding) != 0;
  const bool event = !padding && words[0] == block.key;
  record.sequences = event ? 1 : record.meta.aborted_sequences();
  const bool fits = padding ? record.stride == room : record.stride + layout::kMinRecord <= room;
  if (record.meta.size < (event ? log.record_header() : layout::kMinRecord) || !fits ||
      record.stride / layout::kMinRecord < record.sequences)
    record.kind = RecordHead::Kind::corrupt;
  else
    record.kind = padding ? RecordHead::Kind::padding : event ? RecordHead::Kind::event : RecordHead::Kind::aborted;
  return record;
}

}  // namespace shmbus::detail
