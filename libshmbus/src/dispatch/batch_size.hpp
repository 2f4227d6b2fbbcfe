#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace shmbus::detail {

/// How many events a poll that calls handlers takes: so few that it lasts about a millisecond. What is told once a poll
/// (the reader's position, what it lost, new topics) is then never far behind, however slow the handler.
class BatchSize {
 public:
  std::size_t size() const noexcept { return size_; }

  void took(std::size_t events, std::uint64_t ns) noexcept {
    constexpr std::uint64_t kLong = 1'000'000;
    if (ns > kLong)
      size_ = std::max<std::size_t>(1, static_cast<std::size_t>(events * kLong / ns));
    else if (events == size_)
      size_ = std::min(size_ * 2, kMost);
  }

 private:
  static constexpr std::size_t kMost = 256;
  std::size_t size_ = 1;
};

}  // namespace shmbus::detail
