#include "journal/description.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "journal/file_layout.hpp"
#include "layout/constants.hpp"
#include "shmbus/detail/record_words.hpp"

namespace shmbus::journal {

namespace {

template <std::size_t Bytes>
void store_text(char (&to)[Bytes], std::string_view text) noexcept {
  std::memset(to, 0, Bytes);
  if (!text.empty()) std::memcpy(to, text.data(), std::min(text.size(), Bytes - 1));
}

/// Only zeros follow a text's end, and one follows at least.
template <std::size_t Bytes>
bool load_text(const char (&from)[Bytes], std::string& text) {
  const std::size_t size = ::strnlen(from, Bytes);
  if (size == Bytes || std::any_of(from + size, from + Bytes, [](char c) { return c != 0; })) return false;
  text.assign(from, size);
  return true;
}

bool fits(std::size_t bytes, const std::string& text) noexcept {
  return text.size() < bytes && text.find('\0') == std::string::npos;
}

constexpr bool is_power_of_two(std::uint64_t value) noexcept { return value != 0 && (value & (value - 1)) == 0; }

}  // namespace

bool is_valid(const Description& d) noexcept {
  using Stored = StoredDescription;
  if (d.bus.empty() || d.topic.empty()) return false;
  if (!fits(sizeof(Stored::bus), d.bus) || !fits(sizeof(Stored::topic), d.topic) ||
      !fits(sizeof(Stored::group), d.group))
    return false;
  if (!fits(sizeof(Stored::type_name), d.type_name) || !fits(sizeof(Stored::type_fields), d.type_fields)) return false;
  if (!is_power_of_two(d.alignment) || d.alignment < 8 || d.alignment > 256) return false;
  const std::uint32_t least = static_cast<std::uint32_t>(sizeof(layout::RecordHeader)) +
                              (d.timestamps ? static_cast<std::uint32_t>(layout::kTimeSize) : 0);
  if (d.record_header != ((least + d.alignment - 1) & ~(d.alignment - 1))) return false;
  if (d.block_size < layout::kMinBlockSize || d.block_size > layout::kMaxBlockSize) return false;
  if (d.blocks < layout::kMinBlocks || d.blocks > layout::kMaxBlocks) return false;
  if ((d.mode & ~07777u) != 0) return false;
  if (d.sync != SyncKind::page_cache && d.sync != SyncKind::interval && d.sync != SyncKind::batch) return false;
  if (d.when_behind != WhenBehind::hold && d.when_behind != WhenBehind::skip) return false;
  return d.file_bytes >= kMinFileBytes && d.file_bytes <= kMaxFileBytes;
}

void store(const Description& d, std::span<std::byte, kDescriptionSize> to) noexcept {
  StoredDescription s{};
  s.topic_id = d.topic_id;
  s.block_size = d.block_size;
  s.blocks = d.blocks;
  s.record_header = d.record_header;
  s.alignment = d.alignment;
  s.options = (d.timestamps ? +kTimestamps : 0) | (d.exclusive ? +kExclusive : 0) | (d.reserve ? +kReserve : 0) |
              (d.accept_raw ? +kAcceptRaw : 0) | (d.retain_acknowledged ? +kRetainAcknowledged : 0);
  s.mode = d.mode;
  s.sync = static_cast<std::uint32_t>(d.sync);
  s.interval_ns = d.interval_ns;
  s.retain_bytes = d.retain_bytes;
  s.retain_age_ns = d.retain_age_ns;
  s.when_behind = static_cast<std::uint32_t>(d.when_behind);
  s.unrecorded_limit_ns = d.unrecorded_limit_ns;
  s.file_bytes = d.file_bytes;
  s.type_hash = d.type_hash;
  s.type_size = d.type_size;
  s.type_alignment = d.type_alignment;
  s.type_layout = d.type_layout;
  store_text(s.bus, d.bus);
  store_text(s.topic, d.topic);
  store_text(s.group, d.group);
  store_text(s.type_name, d.type_name);
  store_text(s.type_fields, d.type_fields);
  std::memcpy(to.data(), &s, sizeof s);
}

std::optional<Description> load_description(std::span<const std::byte, kDescriptionSize> from) {
  StoredDescription s;
  std::memcpy(&s, from.data(), sizeof s);
  Description d;
  d.topic_id = s.topic_id;
  d.block_size = s.block_size;
  d.blocks = s.blocks;
  d.record_header = s.record_header;
  d.alignment = s.alignment;
  d.timestamps = (s.options & kTimestamps) != 0;
  d.exclusive = (s.options & kExclusive) != 0;
  d.reserve = (s.options & kReserve) != 0;
  d.accept_raw = (s.options & kAcceptRaw) != 0;
  d.retain_acknowledged = (s.options & kRetainAcknowledged) != 0;
  d.mode = s.mode;
  d.sync = SyncKind{s.sync};
  d.interval_ns = s.interval_ns;
  d.retain_bytes = s.retain_bytes;
  d.retain_age_ns = s.retain_age_ns;
  d.when_behind = WhenBehind{s.when_behind};
  d.unrecorded_limit_ns = s.unrecorded_limit_ns;
  d.file_bytes = s.file_bytes;
  d.type_hash = s.type_hash;
  d.type_size = s.type_size;
  d.type_alignment = s.type_alignment;
  d.type_layout = s.type_layout;
  if (!load_text(s.bus, d.bus) || !load_text(s.topic, d.topic) || !load_text(s.group, d.group) ||
      !load_text(s.type_name, d.type_name) || !load_text(s.type_fields, d.type_fields) || !is_valid(d)) {
    return std::nullopt;
  }
  return d;
}

}  // namespace shmbus::journal
