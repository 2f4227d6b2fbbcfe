#pragma once

#include <cstdint>

namespace shmbus::log {

/// Which events' latencies are taken, and for how many each stands.
///
/// An interval is drawn before any of its events is seen, evenly from 1 to twice the mean less 1; its last event is taken
/// and counted as often as the interval is long. So each event counts once in the mean, wherever in a batch it lies, and
/// no rhythm of batches falls in with the sampling. The mean follows the rate alone: 1, every event, while samples are
/// far apart; up to 64 while they come fast.
class LatencySampling {
 public:
  /// How many events the sample stands for that is taken at `now`, of the stamp clock. Begins the next interval.
  std::uint64_t take(std::uint64_t now) noexcept {
    const std::uint64_t weight = interval_;
    if (now - taken_ < kClose) {
      if (mean_bits_ < kMaxMeanBits) ++mean_bits_;
    } else if (now - taken_ > 4 * kClose && mean_bits_ > 0) {
      --mean_bits_;
    }
    taken_ = now;
    random_ = random_ * 6364136223846793005u + 1442695040888963407u;
    interval_ = 1 + ((random_ >> 32) * ((std::uint64_t{2} << mean_bits_) - 1) >> 32);
    return weight;
  }
  /// Events from this sample to the next.
  std::uint64_t interval() const noexcept { return interval_; }

 private:
  static constexpr unsigned kMaxMeanBits = 6;
  static constexpr std::uint64_t kClose = std::uint64_t{1} << 17;  // of the stamp clock: 44 us at 3 GHz

  std::uint64_t interval_ = 1;
  std::uint64_t taken_ = 0;
  std::uint64_t random_ = 0x5eed;
  unsigned mean_bits_ = 0;
};

}  // namespace shmbus::log
