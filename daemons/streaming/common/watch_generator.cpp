#include "common/watch_generator.hpp"

#include <iterator>

#include <fmt/format.h>

namespace streaming {

WatchGenerator::WatchGenerator(std::uint64_t events, std::uint64_t seed)
    : name_(fmt::format("generator with seed {}", seed)), events_(events), state_(seed) {}

bool WatchGenerator::next(std::string_view& line) {
  if (number_ > events_) return false;
  line_.clear();
  if (number_ == 0) {
    line_ = "userId,movieId,rating,timestamp";
  } else {
    const std::uint64_t user = 1 + skewed(600);
    const std::uint64_t video = 1 + skewed(10'000);
    const std::uint64_t halves = 1 + random() % 10;
    time_ += random() % 300;
    fmt::format_to(std::back_inserter(line_), "{},{},{}.{},{}", user, video, halves / 2, halves % 2 * 5, time_);
  }
  ++number_;
  line = line_;
  return true;
}

// SplitMix64: the standard's distributions differ from one library to the next, this does not.
std::uint64_t WatchGenerator::random() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// The product of two even random numbers prefers the small ones.
std::uint64_t WatchGenerator::skewed(std::uint64_t limit) {
  const std::uint64_t one = random() >> 40;
  const std::uint64_t other = random() >> 40;
  return (one * other >> 24) * limit >> 24;
}

}  // namespace streaming
