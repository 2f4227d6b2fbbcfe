#include "c/handle_table.hpp"

#include <sched.h>

#include <memory>
#include <utility>

namespace shmbus::c {

constinit std::atomic<Place*> HandleTable::chunks_[kChunks]{};
constinit std::atomic<std::uint64_t> HandleTable::free_{0};
constinit std::atomic<std::uint32_t> HandleTable::made_{0};

Place* HandleTable::take_free() noexcept {
  std::uint64_t first = free_.load(std::memory_order_acquire);
  for (;;) {
    const auto index = static_cast<std::uint32_t>(first);
    if (index == 0) return nullptr;
    Place* place = place_of(index - 1);
    // The tag changes with each exchange, so that a place that was taken and freed meanwhile is noticed.
    const std::uint64_t next = ((first >> 32) + 1) << 32 | place->next_free.load(std::memory_order_relaxed);
    if (free_.compare_exchange_weak(first, next, std::memory_order_acq_rel, std::memory_order_acquire)) return place;
  }
}

Place* HandleTable::make_place() {
  const std::uint32_t index = made_.fetch_add(1, std::memory_order_relaxed);
  if (index >= kChunk * kChunks) {
    made_.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  std::atomic<Place*>& chunk = chunks_[index / kChunk];
  Place* places = chunk.load(std::memory_order_acquire);
  if (places == nullptr) {
    auto fresh = std::make_unique<Place[]>(kChunk);
    // SYNC chunk: pairs with place_of.
    if (chunk.compare_exchange_strong(places, fresh.get(), std::memory_order_acq_rel, std::memory_order_acquire))
      places = fresh.release();
  }
  Place* place = places + index % kChunk;
  place->index = index;
  return place;
}

void HandleTable::free(Place& place) noexcept {
  std::uint64_t first = free_.load(std::memory_order_relaxed);
  std::uint64_t next;
  do {
    place.next_free.store(static_cast<std::uint32_t>(first), std::memory_order_relaxed);
    next = ((first >> 32) + 1) << 32 | (place.index + 1);
  } while (!free_.compare_exchange_weak(first, next, std::memory_order_acq_rel, std::memory_order_relaxed));
}

std::uint64_t HandleTable::add(Kind kind, void* object) {
  Place* place = take_free();
  if (place == nullptr) place = make_place();
  if (place == nullptr) return 0;
  place->object = object;
  const std::uint64_t number = ++place->uses << (kIndexBits + kKindBits) |
                               std::uint64_t{static_cast<std::uint8_t>(kind)} << kIndexBits | place->index;
  place->number.store(number, std::memory_order_release);
  return number;
}

void* HandleTable::remove(Kind kind, std::uint64_t number) noexcept {
  if (number == 0 || kind_of(number) != kind) return nullptr;
  Place* place = place_of(number);
  // Sequentially consistent, as Hold's count is: either this sees the count, or Hold sees that the number is gone.
  if (place == nullptr || !place->number.compare_exchange_strong(number, 0)) return nullptr;
  while (place->users.load() != 0) sched_yield();
  void* object = std::exchange(place->object, nullptr);
  free(*place);
  return object;
}

HandleTable::Hold::Hold(Kind kind, std::uint64_t number) noexcept : place_(number == 0 ? nullptr : place_of(number)) {
  if (place_ == nullptr) return;
  place_->users.fetch_add(1);
  if (place_->number.load() == number && kind_of(number) == kind) object_ = place_->object;
}

HandleTable::Hold::~Hold() {
  if (place_ != nullptr) place_->users.fetch_sub(1);
}

}  // namespace shmbus::c
