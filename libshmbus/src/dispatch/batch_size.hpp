#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace shmbus::detail {

/// How many events a poll with handlers takes: so few that the poll lasts about a millisecond. Some things are
/// published once per poll: the reader's position, the number of lost events, new topics. So they are never far behind,
/// however slow the handler is.
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
