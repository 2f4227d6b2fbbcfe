#include "log/record_path.hpp"

#include <cstring>

#include "layout/extension_area.hpp"
#include "log/load_once.hpp"

namespace shmbus::log {

bool RecordPath::take_event(const std::byte* begin, layout::RecordMeta meta, std::size_t stride,
                            detail::EventRecord& record) noexcept {
  std::size_t head = head_;
  if ((meta.flags & layout::kExtended) != 0) {
    if (meta.size < head + sizeof(layout::ExtensionAreaHead)) return false;
    const auto area = load_once<std::uint32_t>(begin + head);
    if (!layout::extension_area_fits(area, meta.size - head)) return false;
    record.extensions = begin + head;
    head += PollPath::stride(area);
    extended_sequence_ = next_sequence_;
    extensions_ = record.extensions;
    extensions_end_ = begin + head;
  }
  if (meta.size < head) return false;
  record.size = meta.size - head;
  if ((meta.flags & layout::kTrimmed) != 0) {
    std::uint64_t length;
    std::memcpy(&length, begin + stride - sizeof length, sizeof length);
    if (length > record.size) return false;
    record.size = length;
  }
  record.payload = begin + head;
  record.port = meta.port;
  if (timestamps_) std::memcpy(&record.stamp, begin + sizeof(layout::RecordHeader), sizeof record.stamp);
  return true;
}

}  // namespace shmbus::log
