#include "measure/cycle_clock.hpp"

#include <cmath>
#include <ctime>
#include <limits>
#include <numbers>
#include <vector>

namespace shmbus::measure {

namespace {

std::uint64_t monotonic_ns() noexcept {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
}

}  // namespace

CycleClock::CycleClock() : first_(read_both()) {
  const timespec pause{.tv_sec = 0, .tv_nsec = 20'000'000};
  ::nanosleep(&pause, nullptr);
  calibrate();
}

/// Of several tries the one whose clock call was shortest: nothing came in between.
CycleClock::Pair CycleClock::read_both() {
  Pair best;
  std::uint64_t shortest = std::numeric_limits<std::uint64_t>::max();
  for (int i = 0; i < 32; ++i) {
    const std::uint64_t before = now();
    const std::uint64_t ns = monotonic_ns();
    const std::uint64_t after = now();
    if (after - before >= shortest) continue;
    shortest = after - before;
    best = {.ticks = before + (after - before) / 2, .ns = ns};
  }
  return best;
}

void CycleClock::calibrate() {
  const Pair second = read_both();
  if (second.ticks <= first_.ticks) return;
  ns_per_tick_ = static_cast<double>(second.ns - first_.ns) / static_cast<double>(second.ticks - first_.ticks);
}

/// Tries steps on what lies between readings some random work apart: where a step is right, all of that lies near its
/// multiples, so that the angles it gives on a circle of that circumference agree.
std::uint64_t CycleClock::find_step() {
  constexpr std::uint64_t kLongest = 400;  // so that a step's fraction does not add up
  constexpr double kAgree = 0.85;
  std::vector<double> between;
  std::uint32_t random = 1;
  for (int i = 0; i < 1500; ++i) {
    const std::uint64_t before = now();
    for (std::uint32_t work = random >> 24; work > 0; --work) asm volatile("" : "+r"(random));
    const std::uint64_t after = now();
    random = random * 1'664'525 + 1'013'904'223;
    if (after - before < kLongest) between.push_back(static_cast<double>(after - before));
  }
  double best = kAgree * static_cast<double>(between.size());
  double found = 0;
  for (double step = 128; step > 2 && between.size() > 100; step -= 0.25) {
    double x = 0;
    double y = 0;
    for (const double ticks : between) {
      const double angle = 2 * std::numbers::pi * ticks / step;
      x += std::cos(angle);
      y += std::sin(angle);
    }
    const double agree = std::hypot(x, y);
    if (agree > best) {
      best = agree;
      found = step;
    } else if (found != 0) {
      break;  // parts of a step agree as well as the whole
    }
  }
  return found == 0 ? 1 : static_cast<std::uint64_t>(std::lround(found));
}

double read_cost(unsigned reads) noexcept {
  const std::uint64_t began = CycleClock::now();
  std::uint64_t last = began;
  for (unsigned i = 0; i < reads; ++i) {
    last = CycleClock::now();
    asm volatile("" : : "r"(last));  // so that each is read, and none is moved out of the loop
  }
  return static_cast<double>(last - began) / reads;
}

}  // namespace shmbus::measure
