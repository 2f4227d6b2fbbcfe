#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "layout/geometry.hpp"
#include "shmbus/detail/event_record.hpp"

namespace shmbus::recording {

/// Events on their way from the ring to a journal, as records of its segment files (doc/journal.md). Where numbers are
/// missing between two events, the second one begins another piece: a frame holds one piece.
class FrameBatch {
 public:
  /// `room` bytes before each piece are left for the frame's header.
  FrameBatch(const layout::Geometry& geometry, bool timestamps, std::size_t room);

  struct Piece {
    std::size_t begin = 0, end = 0;  ///< in the buffer; `room` bytes lie before `begin`
    std::uint64_t missing = 0;       ///< numbers before the first event that left the ring unread
    std::uint32_t events = 0;
    std::uint64_t first = 0, last = 0;
    std::int64_t first_time = 0, last_time = 0;
  };

  void clear() noexcept;
  bool empty() const noexcept { return pieces_.empty(); }
  std::size_t bytes() const noexcept { return used_; }
  const std::vector<Piece>& pieces() const noexcept { return pieces_; }

  /// Adds an event. `missing` numbers before it left the ring unread. *Throws* std::bad_alloc.
  void add(const detail::EventRecord& record, std::int64_t time, std::uint64_t missing);
  /// The room for the header, and the records of a piece.
  std::span<std::byte> frame(const Piece& piece) noexcept {
    return std::span(buffer_).subspan(piece.begin - room_, room_ + piece.end - piece.begin);
  }

 private:
  std::byte* grow(std::size_t bytes);

  std::size_t head_, align_mask_, room_;
  bool timestamps_;
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0;
  std::vector<Piece> pieces_;
};

}  // namespace shmbus::recording
