#pragma once

#include <atomic>
#include <cstdint>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus::layout {

// What the inlined path of poll writes. A subscriber's port (src/layout/port.hpp) begins with it.
//
//  0     8          16     24
//  +-----+----------+------+-----------+
//  | pin | position | lost | delivered |
//  +-----+----------+------+-----------+
struct SubscriberWords {
  // Written only by the subscriber that owns the port; cleared by the process that repairs it.
  std::atomic<std::uint64_t> pin;        // number of the block it is inside, or enters next; kNone: none
  std::atomic<std::uint64_t> position;   // sequence it reads next
  std::atomic<std::uint64_t> lost;       // sequences skipped unread
  std::atomic<std::uint64_t> delivered;  // events handed out
};
static_assert(sizeof(SubscriberWords) == 32);

}  // namespace shmbus::layout

#include "shmbus/detail/header_end.hpp"
