#pragma once

#include <cstdint>

namespace shmbus::log {

/// Which events' latencies are taken, and for how many each stands.
///
/// Events are counted off in stretches. Of each stretch one event is taken, drawn evenly before any of them is seen,
/// and counted as often as the stretch is long: so each event counts once in the mean, wherever in a batch it lies, and
/// no rhythm of batches falls in with the sampling. How long the next stretch is follows from how far apart the last
/// samples were: 1, every event, while they are far apart; up to 64 while they come fast.
class LatencySampling {
 public:
  /// How many events the sample stands for that is taken at `now`, of the stamp clock. Goes on to the next stretch.
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
  /// Events from this sample to the next.
  std::uint64_t distance() const noexcept { return distance_; }

 private:
  static constexpr unsigned kMostBits = 6;
  static constexpr std::uint64_t kClose = std::uint64_t{1} << 17;  // of the stamp clock: 44 us at 3 GHz

  std::uint64_t distance_ = 1;
  std::uint64_t rest_ = 0;  // of the stretch, behind its sample
  std::uint64_t taken_ = 0;
  std::uint64_t random_ = 0x5eed;
  unsigned bits_ = 0;  // of the stretch's length
};

}  // namespace shmbus::log
