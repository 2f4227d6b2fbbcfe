#include "log/record_extensions.hpp"

#include <cstdint>
#include <cstring>

#include "layout/extension_area.hpp"

namespace shmbus::log {

namespace {

/// Writes an extension area from front to back.
class AreaWriter {
 public:
  explicit AreaWriter(std::byte* area) noexcept : area_(area), at_(area) {}

  template <class Value>
  void value(const Value& value) noexcept {
    bytes(&value, sizeof value);
  }
  void text(std::string_view text) noexcept { bytes(text.data(), text.size()); }
  void header(const EventHeader& header) noexcept {
    if (header.name.empty()) return;
    value(layout::HeaderHead{static_cast<std::uint32_t>(header.name.size()),
                             static_cast<std::uint32_t>(header.value.size())});
    text(header.name);
    text(header.value);
  }
  void head(layout::ExtensionKind kind, std::size_t size) noexcept {
    value(layout::ExtensionHead{kind, 0, static_cast<std::uint32_t>(size)});
  }
  void pad() noexcept {
    const auto size = static_cast<std::size_t>(at_ - area_);
    const std::size_t zeros = layout::padded_extension(size) - size;
    std::memset(at_, 0, zeros);
    at_ += zeros;
  }

 private:
  void bytes(const void* from, std::size_t size) noexcept {
    if (size != 0) std::memcpy(at_, from, size);  // memcpy takes no null pointer
    at_ += size;
  }

  std::byte* area_;
  std::byte* at_;
};

constexpr std::size_t entry_size(std::size_t bytes) noexcept {
  return bytes == 0 ? 0 : sizeof(layout::ExtensionHead) + layout::padded_extension(bytes);
}

}  // namespace

std::size_t RecordExtensions::headers_size() const noexcept {
  const auto size_of = [](const EventHeader& header) {
    return header.name.empty() ? 0 : sizeof(layout::HeaderHead) + header.name.size() + header.value.size();
  };
  std::size_t size = tracestate.empty() ? 0 : size_of({kTracestate, tracestate});
  for (const EventHeader& header : headers) size += size_of(header);
  return size;
}

std::size_t RecordExtensions::measure() const noexcept {
  const std::size_t entries =
      entry_size(trace != nullptr ? sizeof *trace : 0) + entry_size(headers_size()) + entry_size(key.size()) +
      entry_size(cause != nullptr ? sizeof *cause : 0);
  return entries == 0 ? 0 : sizeof(layout::ExtensionAreaHead) + entries;
}

void RecordExtensions::write(std::byte* area) const noexcept {
  AreaWriter to(area);
  to.value(layout::ExtensionAreaHead{static_cast<std::uint32_t>(area_size()), 0});
  if (trace != nullptr) {
    to.head(layout::kTraceExtension, sizeof *trace);
    to.value(*trace);
  }
  if (const std::size_t size = headers_size(); size != 0) {
    to.head(layout::kHeadersExtension, size);
    for (const EventHeader& header : headers) to.header(header);
    if (!tracestate.empty()) to.header({kTracestate, tracestate});
    to.pad();
  }
  if (!key.empty()) {
    to.head(layout::kKeyExtension, key.size());
    to.text(key);
    to.pad();
  }
  if (cause != nullptr) {
    to.head(layout::kCauseExtension, sizeof *cause);
    to.value(*cause);
  }
}

}  // namespace shmbus::log
