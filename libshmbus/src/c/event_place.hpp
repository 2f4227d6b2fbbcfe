#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "shmbus/event.hpp"
#include "shmbus/shmbus.h"

namespace shmbus::c {

/// Where an event is shown to a C program. Places are used again, and never freed: a program that looks at an event too late
/// finds zeros, or a later event, and no fault.
///
/// `shown.number` is the place's index in its low bits, and above it a count of the events shown there. It is 0 while none is.
struct EventPlace {
  shmbus_event shown{};
  const Event* event = nullptr;
  std::shared_ptr<const RetainedEvent> kept;  ///< of a place that keeps its event
  std::uint64_t next_number = 0;
  std::uint32_t index = 0;
  std::atomic<std::uint32_t> next_free{0};

  void show(const Event& e) noexcept {
    const std::span<const std::byte> payload = e.payload();
    shown.payload = payload.data();
    shown.size = payload.size();
    shown.sequence = e.sequence();
    shown.number = next_number;
    next_number += kOne;
    event = &e;
  }
  void hide() noexcept {
    shown = {};
    event = nullptr;
  }

  static constexpr unsigned kIndexBits = 22;
  static constexpr std::uint64_t kOne = std::uint64_t{1} << kIndexBits;

  /// Null where there is no place left. *Throws* std::bad_alloc.
  static EventPlace* take();
  static void free(EventPlace& place) noexcept;
  /// Finds what `event` shows, also where it is a copy of it. Null where that has ended.
  static EventPlace* find(const shmbus_event* event) noexcept;
};

/// Holds a place for as long as it exists.
class OwnPlace {
 public:
  /// *Throws* Error, `limit`, or std::bad_alloc.
  OwnPlace();
  OwnPlace(const OwnPlace&) = delete;
  OwnPlace& operator=(const OwnPlace&) = delete;
  ~OwnPlace() { EventPlace::free(*place_); }
  EventPlace& operator*() const noexcept { return *place_; }
  EventPlace* operator->() const noexcept { return place_; }

 private:
  EventPlace* place_;
};

}  // namespace shmbus::c
