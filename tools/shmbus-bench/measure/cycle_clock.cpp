#include "measure/cycle_clock.hpp"

#include <ctime>
#include <limits>

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
