#pragma once

#include <chrono>

#include "model/grid.hpp"
#include "model/look.hpp"

namespace shmbus::top {

/// What lasts less long is no reason for an alarm colour or an alert: a subscriber is always some events behind, and a
/// full ring makes publishers wait a moment.
inline constexpr std::chrono::seconds alarm_after{1};

/// A node whose process uses more than this of a core is busy all the time.
inline constexpr double busy_cores = 0.9;

Tone gating_tone(std::chrono::nanoseconds gating_for);
Tone lag_tone(const SubscriberSnapshot& subscriber);
/// Of the events lost so far, and of those lost since the look before.
Tone lost_tone(std::uint64_t lost, double lost_per_second);

/// What a subscriber does: "awake", or "spinning" where its process is busy all the time; else as SubscriberState.
const char* state_text(const SubscriberSnapshot& subscriber, double cores) noexcept;
Tone state_tone(const SubscriberSnapshot& subscriber);

}  // namespace shmbus::top
