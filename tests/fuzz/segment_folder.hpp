#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fuzz/input.hpp"

namespace fuzz {

/// A range of a segment that is written anew before each run, and damaged.
struct Range {
  std::uint64_t offset;
  std::uint64_t size;
};

/// A segment file in /dev/shm: damaged before each run, put right after it. What lies outside the ranges is zeros.
class SegmentCopy {
 public:
  /// Of an existing file, undamaged.
  SegmentCopy(std::string path, std::vector<Range> ranges);
  SegmentCopy(const SegmentCopy&) = delete;
  SegmentCopy& operator=(const SegmentCopy&) = delete;
  ~SegmentCopy();

  std::span<std::byte> range(std::size_t i) const noexcept;
  /// Undamaged again, under its name again.
  void restore();
  /// Another size; gone until `restore` is what lay beyond it.
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

/// Changes a word of some bytes: one of the `fields` (offsets) most of the time, else any.
void damage(std::span<std::byte> bytes, std::span<const std::uint16_t> fields, Input& input) noexcept;

/// Overwrites all of it with what is left of the input.
void overwrite(std::span<std::byte> bytes, Input& input) noexcept;

/// The name of this process's bus; what bears it is removed at the end of the process.
const std::string& bus_name();

}  // namespace fuzz
