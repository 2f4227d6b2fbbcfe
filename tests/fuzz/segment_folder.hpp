#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fuzz/input.hpp"

namespace fuzz {

/// A range of a segment that is reset before each run, and then damaged.
struct Range {
  std::uint64_t offset;
  std::uint64_t size;
};

/// A segment file in /dev/shm: damaged before each run, and restored after it. Outside the ranges it holds zeros.
class SegmentCopy {
 public:
  /// Takes the content of an existing file as the undamaged state.
  SegmentCopy(std::string path, std::vector<Range> ranges);
  SegmentCopy(const SegmentCopy&) = delete;
  SegmentCopy& operator=(const SegmentCopy&) = delete;
  ~SegmentCopy();

  std::span<std::byte> range(std::size_t i) const noexcept;
  /// Restores the undamaged content and the name.
  void restore();
  /// Changes the size. What lay beyond the new end is gone until `restore`.
  void cut(std::uint64_t size);
  void unlink();

 private:
  void create();

  std::string path_;
  std::vector<Range> ranges_;
  std::vector<std::vector<std::byte>> contents_;
  std::uint64_t size_ = 0;
  unsigned mode_ = 0;
  int descriptor_ = -1;
  std::byte* memory_ = nullptr;
  bool cut_ = false;
};

/// Changes one word of the bytes: most of the time one of the `fields` (offsets), otherwise any.
void damage(std::span<std::byte> bytes, std::span<const std::uint16_t> fields, Input& input) noexcept;

/// Overwrites all of it with the rest of the input.
void overwrite(std::span<std::byte> bytes, Input& input) noexcept;

/// The name of this process's bus. Its segments are removed at the end of the process.
const std::string& bus_name();

}  // namespace fuzz
