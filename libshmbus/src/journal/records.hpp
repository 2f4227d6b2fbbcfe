#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "journal/description.hpp"
#include "journal/file_layout.hpp"

namespace shmbus::journal {

/// A record of a frame's body. The spans lie in the body.
struct StoredRecord {
  std::uint64_t sequence = 0;
  std::int64_t time = 0;  ///< nanoseconds since 1970; 0 where the topic has no time stamps
  std::uint16_t port = 0;
  std::uint16_t flags = 0;
  std::span<const std::byte> extensions{};  ///< the extension area, its head included; may be empty
  std::span<const std::byte> payload{};
};

/// Walks the records of a body, and checks each before it is handed out.
class RecordWalk {
 public:
  RecordWalk(std::span<const std::byte> body, const Description& description) noexcept
      : rest_(body),
        record_header_(description.record_header),
        alignment_(description.alignment),
        timestamps_(description.timestamps) {}

  /// Returns false behind the last record, and at the first that is not valid.
  bool next(StoredRecord& record) noexcept;
  /// Whether all that `next` went through was valid.
  bool valid() const noexcept { return valid_; }

 private:
  std::span<const std::byte> rest_;
  std::uint32_t record_header_;
  std::uint32_t alignment_;
  bool timestamps_;
  bool valid_ = true;
  std::uint64_t last_ = 0;
};

/// Whether a body holds exactly the records that its header speaks of, each valid, with ascending numbers.
bool records_are_valid(std::span<const std::byte> body, const FrameHeader& header,
                       const Description& description) noexcept;

}  // namespace shmbus::journal
