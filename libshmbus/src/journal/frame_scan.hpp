#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "journal/file_layout.hpp"
#include "journal/storage.hpp"

namespace shmbus::journal {

/// Walks a segment file from a frame on, and finds the next frame again where bytes are damaged. Memory: a window of a
/// megabyte, or of the largest frame.
class FrameScan {
 public:
  enum class Found {
    frame,    ///< a valid frame (`heads_only`: one whose header is right)
    damaged,  ///< a frame whose header is right and whose body is not: `header` says which numbers it held
    garbage,  ///< bytes that are no frame, up to the next header that is right, or up to the end
    end,      ///< of the file
    failed    ///< `error`
  };

  /// `heads_only`: bodies are not read. The file must outlive this object.
  FrameScan(StoredFile& file, std::uint64_t seed, std::uint64_t offset, std::uint64_t size, bool heads_only = false);

  Found next();

  // Of the item that `next` found.
  std::uint64_t offset() const noexcept { return offset_; }
  std::uint64_t end() const noexcept { return next_; }
  const FrameHeader& header() const noexcept { return header_; }
  std::span<const std::byte> body() const noexcept { return body_; }
  int error() const noexcept { return error_; }
  /// Of garbage: behind its last byte that is not 0; `offset` where all are 0.
  std::uint64_t content_end() const noexcept { return content_end_; }

 private:
  /// Makes `bytes` bytes at `offset` available, or as many as the file has. Returns false after an error.
  bool load(std::uint64_t offset, std::size_t bytes);
  std::span<const std::byte> at(std::uint64_t offset) const noexcept;
  Found find_next();

  StoredFile* file_;
  std::uint64_t seed_;
  std::uint64_t size_;
  std::uint64_t data_end_ = 0;  // zeros follow
  bool data_end_known_ = false;
  bool heads_only_;

  std::vector<std::byte> window_;
  std::uint64_t window_offset_ = 0;
  std::size_t window_size_ = 0;

  std::uint64_t offset_;
  std::uint64_t next_;
  std::uint64_t content_end_ = 0;
  FrameHeader header_{};
  std::span<const std::byte> body_{};
  int error_ = 0;
};

}  // namespace shmbus::journal
