#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "fuzz/input.hpp"
#include "layout/geometry.hpp"
#include "log/block_log.hpp"

namespace fuzz {

/// Fewer spare blocks than a topic has, so that the image is quickly reset before each run.
inline constexpr std::uint32_t kSpares = 6;
inline constexpr std::uint64_t kMaxNode = 64;

/// The state of a log before it is damaged. All of it follows from one byte of the input.
struct ImageKind {
  bool exclusive;
  bool timestamps;
  std::uint32_t alignment;
  std::uint32_t blocks;
  enum class State { fresh, used, busy, arbitrary } state;

  static ImageKind from(std::uint8_t byte) noexcept {
    return {(byte & 1) != 0, (byte & 2) != 0, (byte & 4) != 0 ? 64u : 8u, (byte & 8) != 0 ? 2u : 4u,
            static_cast<State>(byte >> 4 & 3)};
  }
};

/// The memory of one log. Control segment and blocks are two allocations, so that the address sanitizer reports every
/// access outside of them.
class LogImage {
 public:
  /// Makes a log of the given kind. A log of arbitrary bytes is filled with repetitions of the rest of the input.
  LogImage(ImageKind kind, Input& input);

  const ImageKind& kind() const noexcept { return kind_; }
  const shmbus::layout::Geometry& geometry() const noexcept { return geometry_; }
  void* control() const noexcept { return control_; }
  std::byte* blocks() const noexcept { return blocks_; }

 private:
  ImageKind kind_;
  shmbus::layout::Geometry geometry_;
  void* control_;
  std::byte* blocks_;
};

/// Changes one word anywhere in a log: most of the time a field, to a plausible value.
void damage(const LogImage& image, Input& input) noexcept;

}  // namespace fuzz
