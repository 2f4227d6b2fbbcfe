#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/mix.hpp"
#include "shmbus/event_id.hpp"

// The ids of traces follow from what is traced: they need not be recorded to be known. Bus and topic are random numbers,
// so that what follows from one log is far from what follows from another.
namespace shmbus::base {

/// Returns the trace id of an event that was published without one, as two words in memory order.
constexpr std::array<std::uint64_t, 2> trace_id_words(const EventId& event) noexcept {
  const std::uint64_t log = event.bus ^ event.topic;
  return {log | 1, mix(log + event.sequence)};  // not all zeros
}

/// Returns what all call ids of a subscription to a topic follow from.
constexpr std::uint64_t call_base(std::uint64_t bus, std::uint64_t topic, std::uint64_t subscription) noexcept {
  return mix((bus ^ topic) + mix(subscription));
}
/// Returns the id of the handler call with an event, as a word in memory order. Not 0, but for one event in 2^64.
constexpr std::uint64_t call_id_word(std::uint64_t call_base, std::uint64_t sequence) noexcept {
  return mix(call_base + sequence);
}
/// Returns the id of the handler call that a subscription makes with an event.
std::array<std::byte, 8> call_id_of(std::uint64_t subscription, const EventId& event) noexcept;

}  // namespace shmbus::base
