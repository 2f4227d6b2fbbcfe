#pragma once

#include <bit>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shmbus/event_id.hpp"
#include "shmbus/options.hpp"
#include "shmbus/shmbus.h"
#include "shmbus/timeout.hpp"
#include "shmbus/trace_context.hpp"

// Small values of both sides.
namespace shmbus::c {

inline shmbus_id to_c(const EventId& id) noexcept { return {id.bus, id.topic, id.sequence}; }
inline EventId from_c(const shmbus_id& id) noexcept { return {id.bus, id.topic, id.sequence}; }
static_assert(sizeof(shmbus_trace) == sizeof(TraceContext));
inline shmbus_trace to_c(const TraceContext& trace) noexcept { return std::bit_cast<shmbus_trace>(trace); }
inline TraceContext from_c(const shmbus_trace& trace) noexcept { return std::bit_cast<TraceContext>(trace); }
inline shmbus_text to_c(std::string_view text) noexcept { return {text.data(), text.size()}; }
inline std::string_view from_c(const shmbus_text& text) noexcept {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}
inline Timeout timeout(std::int64_t ns) noexcept { return std::chrono::nanoseconds(ns < 0 ? 0 : ns); }

/// Copies a text to an array of a result, cut where it is too long.
template <std::size_t Size>
void copy(std::string_view text, char (&to)[Size]) {
  to[text.copy(to, Size - 1)] = 0;
}

/// Keeps a text until this thread's next call for that Function. By a pointer: see last_error.cpp.
template <class Function>
const char* keep_for_thread(std::string text) {
  thread_local std::unique_ptr<std::string> kept;
  kept = std::make_unique<std::string>(std::move(text));
  return kept->c_str();
}

/// *Throws* Error for a number that is none of an enumeration's.
void check_choice(const char* option, std::uint32_t value, std::uint32_t last);
WaitStrategy wait(std::uint32_t kind);
Start start(std::uint32_t kind, std::int64_t value, const shmbus_id& after);
inline std::vector<uid_t> owners(const std::uint32_t* first, std::size_t count) {
  return first == nullptr ? std::vector<uid_t>() : std::vector<uid_t>(first, first + count);
}

}  // namespace shmbus::c
