#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace shmbus::journal {

/// When what was written is synced.
enum class SyncKind : std::uint32_t { page_cache = 1, interval = 2, batch = 3 };

/// What happens to a topic whose disk is slower than its publishers.
enum class WhenBehind : std::uint32_t { hold = 0, skip = 1 };

/// The topic that a journal belongs to, and how its journal is kept.
struct Description {
  std::string bus{};    ///< at most 32 bytes
  std::string topic{};  ///< at most 127 bytes
  std::uint64_t topic_id = 0;

  std::uint64_t block_size = 0;
  std::uint32_t blocks = 0;
  std::uint32_t record_header = 16;  ///< bytes before a record's payload or extension area
  std::uint32_t alignment = 8;       ///< of records and payloads
  bool timestamps = false;
  bool exclusive = false;
  bool reserve = false;
  bool accept_raw = false;
  unsigned mode = 0600;
  std::string group{};  ///< at most 63 bytes; may be empty

  std::uint64_t type_hash = 0;  ///< 0: not decided; 1: raw bytes
  std::uint64_t type_size = 0;
  std::uint64_t type_alignment = 0;
  std::uint64_t type_layout = 0;
  std::string type_name{};    ///< at most 127 bytes
  std::string type_fields{};  ///< at most 511 bytes

  SyncKind sync = SyncKind::batch;
  std::uint64_t interval_ns = 0;
  std::uint64_t retain_bytes = 0;   ///< 0: no limit
  std::uint64_t retain_age_ns = 0;  ///< 0: no limit
  bool retain_acknowledged = false;
  WhenBehind when_behind = WhenBehind::hold;
  std::uint64_t unrecorded_limit_ns = 0;
  std::uint64_t file_bytes = std::uint64_t{128} << 20;  ///< size of a segment file

  bool operator==(const Description&) const = default;
};

/// A description takes this many bytes in a file.
inline constexpr std::size_t kDescriptionSize = 1024;

/// Whether all values are within the ranges that doc/journal.md gives. Only such a description is stored or read.
bool is_valid(const Description& description) noexcept;

/// Stores a valid description.
void store(const Description& description, std::span<std::byte, kDescriptionSize> to) noexcept;
/// Returns nothing where the bytes are not a valid description.
std::optional<Description> load_description(std::span<const std::byte, kDescriptionSize> from);

}  // namespace shmbus::journal
