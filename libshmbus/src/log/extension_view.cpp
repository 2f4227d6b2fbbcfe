#include "log/extension_view.hpp"

#include <bit>

#include "layout/extension_area.hpp"
#include "log/load_once.hpp"

namespace shmbus::log {

using layout::ExtensionHead;

ExtensionView::ExtensionView(const detail::EventRecord& record) noexcept {
  if (record.extensions == nullptr) return;
  // Loaded again since the reader did, so checked again: the payload's begin is what bounds it.
  const auto size = load_once<std::uint32_t>(record.extensions);
  if (!layout::extension_area_fits(size, static_cast<std::size_t>(record.payload - record.extensions))) return;
  entries_ = record.extensions + sizeof(layout::ExtensionAreaHead);
  end_ = record.extensions + size;
}

std::span<const std::byte> ExtensionView::find(std::uint16_t kind) const noexcept {
  // All steps are multiples of 8, so what is left is one, too.
  for (const std::byte* at = entries_; at != end_;) {
    const auto head = std::bit_cast<ExtensionHead>(load_once<std::uint64_t>(at));
    at += sizeof head;
    if (head.size > static_cast<std::size_t>(end_ - at)) break;
    if (head.kind == kind) return {at, head.size};
    at += layout::padded_extension(head.size);
  }
  return {};
}

const TraceContext* ExtensionView::trace() const noexcept {
  const auto bytes = find(layout::kTraceExtension);
  return bytes.size() == sizeof(TraceContext) ? reinterpret_cast<const TraceContext*>(bytes.data()) : nullptr;
}

EventHeaders ExtensionView::headers() const noexcept { return EventHeaders(find(layout::kHeadersExtension)); }

std::optional<EventId> ExtensionView::cause() const noexcept {
  const auto bytes = find(layout::kCauseExtension);
  if (bytes.size() != sizeof(EventId)) return std::nullopt;
  return EventId{load_once<std::uint64_t>(bytes.data()), load_once<std::uint64_t>(bytes.data() + 8),
                 load_once<std::uint64_t>(bytes.data() + 16)};
}

std::string_view ExtensionView::key() const noexcept {
  const auto bytes = find(layout::kKeyExtension);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace shmbus::log
