#pragma once

#include <chrono>

#include "model/grid.hpp"
#include "model/compared_snapshot.hpp"

namespace shmbus::top {

/// Trouble shorter than this causes neither an alarm colour nor an alert: a subscriber is always some events behind, and a
/// full ring makes publishers wait for a moment.
inline constexpr std::chrono::seconds alarm_after{1};

/// A node whose process uses more than this of a core is busy all the time.
inline constexpr double busy_cores = 0.9;

Tone gating_tone(std::chrono::nanoseconds gating_for);
Tone lag_tone(const SubscriberSnapshot& subscriber);
/// The tone for the events lost so far and those lost since the last snapshot.
Tone lost_tone(std::uint64_t lost, double lost_per_second);

/// What a subscriber does: "awake", or "spinning" if its process is busy all the time; otherwise as SubscriberState.
const char* state_text(const SubscriberSnapshot& subscriber, double cores) noexcept;
Tone state_tone(const SubscriberSnapshot& subscriber);

}  // namespace shmbus::top
