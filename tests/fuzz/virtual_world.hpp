#pragma once

#include <cstdint>
#include <cstdlib>

#include "fuzz/log_image.hpp"
#include "log/environment.hpp"

namespace fuzz {

/// What lies outside a log. Its clock runs by itself, so that time limits pass quickly. It damages the log in the middle of
/// a step, at moments that the input chooses, since another process may write at any time.
class VirtualWorld final : public shmbus::log::Environment {
 public:
  VirtualWorld(const LogImage& image, Input& input)
      : image_(image), input_(input), living_(input.take<std::uint64_t>()) {}

  /// Damages the log once, after this many further calls.
  void damage_after(unsigned questions) noexcept { countdown_ = questions + 1; }
  /// Calls may be system calls: a step that makes too many of them counts as hung.
  void begin_step() noexcept { questions_ = 0; }
  void be(std::uint64_t node) noexcept { self_ = node; }
  void pass_stall_limit() noexcept { clock_ += 2 * kStallLimit; }

  std::uint64_t self() const noexcept override { return self_; }
  std::uint64_t bell() const noexcept override { return self_; }
  bool alive(std::uint64_t node) noexcept override {
    count();
    return node == self_ || node >= kMaxNode || (living_ >> node & 1) != 0;
  }
  bool back_block(std::uint32_t physical) noexcept override {
    count();
    if (physical >= image_.geometry().physical_blocks) std::abort();
    return backings_++ < kSpares;
  }
  void ring(std::uint64_t) noexcept override { count(); }
  std::byte* writable(std::uint32_t physical) noexcept override {
    count();
    if (physical >= image_.geometry().physical_blocks) std::abort();
    return (living_ & 1) != 0 ? image_.blocks() + physical * image_.geometry().block_size : nullptr;
  }
  shmbus::log::Moment now() noexcept override {
    count();
    return {clock_, static_cast<std::int64_t>(clock_)};
  }
  std::int64_t to_ns(std::uint64_t stamp, const shmbus::log::Moment& opened) noexcept override {
    count();
    return static_cast<std::int64_t>(stamp - opened.cycles + static_cast<std::uint64_t>(opened.ns));
  }
  std::uint64_t stall_limit_ns() const noexcept override { return kStallLimit; }
  std::uint64_t monotonic_ns() noexcept override {
    count();
    return clock_ += kStallLimit / 8;
  }
  bool cycle_clock() const noexcept override { return false; }
  std::uint64_t slow_stamp() noexcept override { return clock_; }

 private:
  static constexpr std::uint64_t kStallLimit = 1'000'000;
  static constexpr unsigned kTooMany = 2'000'000;

  void count() noexcept {
    if (++questions_ > kTooMany) std::abort();
    if (countdown_ != 0 && --countdown_ == 0) damage(image_, input_);
  }

  const LogImage& image_;
  Input& input_;
  std::uint64_t living_;  // nodes, a bit each; bit 0: whether repair may write
  std::uint64_t self_ = 1;
  std::uint64_t clock_ = 1'000'000'000;
  unsigned questions_ = 0;
  unsigned countdown_ = 0;
  unsigned backings_ = 0;
};

}  // namespace fuzz
