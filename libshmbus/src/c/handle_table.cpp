#include "c/handle_table.hpp"

#include <pthread.h>
#include <sched.h>

#include <chrono>
#include <utility>

namespace shmbus::c {

namespace {

std::atomic<std::uint32_t> forks{0};

/// A thread that held a handle when its process forked does not exist in the child, and never lets go of it there.
void wait_until_free(const Place& place) noexcept {
  using Clock = std::chrono::steady_clock;
  const auto limit = Clock::now() + std::chrono::seconds{1};
  while (place.users.load() != 0 && (place.forks == forks_before() || Clock::now() < limit)) sched_yield();
}

}  // namespace

std::uint32_t forks_before() noexcept {
  [[maybe_unused]] static const int counted =
      ::pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
  return forks.load(std::memory_order_relaxed);
}

Place* FreePlaces::take(Place* places, std::uint32_t count) noexcept {
  std::uint64_t now = first.load(std::memory_order_acquire);
  while (static_cast<std::uint32_t>(now) != 0) {
    Place* place = places + static_cast<std::uint32_t>(now) - 1;
    // The tag changes with each exchange, so that a place that was taken and freed meanwhile is noticed.
    const std::uint64_t next = ((now >> 32) + 1) << 32 | place->next_free.load(std::memory_order_relaxed);
    if (first.compare_exchange_weak(now, next, std::memory_order_acq_rel, std::memory_order_acquire)) return place;
  }
  std::uint32_t fresh = made.load(std::memory_order_relaxed);
  while (fresh < count) {
    if (made.compare_exchange_weak(fresh, fresh + 1, std::memory_order_relaxed)) return places + fresh;
  }
  return nullptr;
}

void FreePlaces::free(Place* places, Place& place) noexcept {
  std::uint64_t now = first.load(std::memory_order_relaxed);
  std::uint64_t next;
  do {
    place.next_free.store(static_cast<std::uint32_t>(now), std::memory_order_relaxed);
    next = ((now >> 32) + 1) << 32 | static_cast<std::uint32_t>(&place - places + 1);
  } while (!first.compare_exchange_weak(now, next, std::memory_order_acq_rel, std::memory_order_relaxed));
}

void* end_handle(Place& place, std::uint64_t number) noexcept {
  if (!place.number.compare_exchange_strong(number, 0)) return nullptr;
  wait_until_free(place);
  return std::exchange(place.object, nullptr);
}

}  // namespace shmbus::c
