#include "c/event_place.hpp"

#include "shmbus/error.hpp"

namespace shmbus::c {

namespace {

constexpr std::uint32_t kChunk = 1024, kChunks = (1u << EventPlace::kIndexBits) / kChunk;
constinit std::atomic<EventPlace*> chunks[kChunks]{};
constinit std::atomic<std::uint64_t> first_free{0};  // as HandleTable's
constinit std::atomic<std::uint32_t> made{0};

EventPlace* place_at(std::uint32_t index) noexcept {
  EventPlace* chunk = chunks[index / kChunk].load(std::memory_order_acquire);
  return chunk == nullptr ? nullptr : chunk + index % kChunk;
}

}  // namespace

EventPlace* EventPlace::take() {
  std::uint64_t first = first_free.load(std::memory_order_acquire);
  while (static_cast<std::uint32_t>(first) != 0) {
    EventPlace* place = place_at(static_cast<std::uint32_t>(first) - 1);
    const std::uint64_t next = ((first >> 32) + 1) << 32 | place->next_free.load(std::memory_order_relaxed);
    if (first_free.compare_exchange_weak(first, next, std::memory_order_acq_rel, std::memory_order_acquire))
      return place;
  }
  const std::uint32_t index = made.fetch_add(1, std::memory_order_relaxed);
  if (index >= kChunk * kChunks) {
    made.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  std::atomic<EventPlace*>& chunk = chunks[index / kChunk];
  EventPlace* places = chunk.load(std::memory_order_acquire);
  if (places == nullptr) {
    auto fresh = std::make_unique<EventPlace[]>(kChunk);
    if (chunk.compare_exchange_strong(places, fresh.get(), std::memory_order_acq_rel, std::memory_order_acquire))
      places = fresh.release();
  }
  EventPlace* place = places + index % kChunk;
  place->index = index;
  place->next_number = kOne | index;
  return place;
}

void EventPlace::free(EventPlace& place) noexcept {
  place.hide();
  place.kept = nullptr;
  std::uint64_t first = first_free.load(std::memory_order_relaxed);
  std::uint64_t next;
  do {
    place.next_free.store(static_cast<std::uint32_t>(first), std::memory_order_relaxed);
    next = ((first >> 32) + 1) << 32 | (place.index + 1);
  } while (!first_free.compare_exchange_weak(first, next, std::memory_order_acq_rel, std::memory_order_relaxed));
}

EventPlace* EventPlace::find(const shmbus_event* event) noexcept {
  if (event == nullptr || event->number == 0) return nullptr;
  EventPlace* place = place_at(static_cast<std::uint32_t>(event->number & (kOne - 1)));
  return place != nullptr && place->shown.number == event->number && place->event != nullptr ? place : nullptr;
}

OwnPlace::OwnPlace() : place_(EventPlace::take()) {
  if (place_ == nullptr)
    throw Error(ErrorCode::limit, {"this process", "at most 4,194,304 events at once", "all in use", "release some"});
}

}  // namespace shmbus::c
