#pragma once

#include <cstdint>

namespace shmbus::log {

/// Decides which events' latencies are sampled, and how many events each sample represents.
///
/// Events are divided into stretches. One event of each stretch is sampled, chosen evenly before any of them is seen,
/// and it counts as many times as the stretch has events. So each event counts once on average, wherever in a batch it
/// is, and the sampling can't fall into step with the batches. The length of the next stretch follows from the time
/// between the last samples: 1 (every event) while they are far apart; up to 64 while they come fast.
class LatencySampling {
 public:
  /// Returns how many events the sample taken at `now` (stamp clock) represents, and begins the next stretch.
  std::uint64_t take(std::uint64_t now) noexcept {
    const std::uint64_t weight = std::uint64_t{1} << bits_;
    const std::uint64_t apart = now - taken_;
    if (apart < kClose) {
      if (bits_ < kMostBits) ++bits_;
    } else if (apart > 4 * kClose && bits_ > 0) {
      --bits_;
    }
    taken_ = now;
    random_ = random_ * 6364136223846793005u + 1442695040888963407u;
    const std::uint64_t place = random_ >> (63 - bits_) >> 1, length = std::uint64_t{1} << bits_;
    distance_ = rest_ + 1 + place;
    rest_ = length - 1 - place;
    return weight;
  }
  /// Returns the number of events from this sample to the next.
  std::uint64_t distance() const noexcept { return distance_; }

 private:
  static constexpr unsigned kMostBits = 6;
  static constexpr std::uint64_t kClose = std::uint64_t{1} << 17;  // of the stamp clock: 44 us at 3 GHz

  std::uint64_t distance_ = 1;
  std::uint64_t rest_ = 0;  // events of the stretch after its sample
  std::uint64_t taken_ = 0;
  std::uint64_t random_ = 0x5eed;
  unsigned bits_ = 0;  // of the stretch's length
};

}  // namespace shmbus::log
