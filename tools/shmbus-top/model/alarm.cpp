#include "model/alarm.hpp"

namespace shmbus::top {

Tone gating_tone(std::chrono::nanoseconds gating_for) {
  return gating_for >= alarm_after ? Tone::bad : gating_for.count() != 0 ? Tone::notice : Tone::plain;
}

Tone lag_tone(const SubscriberSnapshot& s) {
  if (s.lag == 0) return Tone::quiet;
  if (s.gating && s.gating_for >= alarm_after) return Tone::bad;
  return s.lapped_now || s.lag_time.value_or(std::chrono::nanoseconds{0}) >= alarm_after ? Tone::notice : Tone::plain;
}

Tone lost_tone(std::uint64_t lost, double lost_per_second) {
  return lost_per_second > 0 ? Tone::bad : lost != 0 ? Tone::notice : Tone::quiet;
}

const char* state_text(const SubscriberSnapshot& s, double cores) noexcept {
  if (s.state == SubscriberState::spinning && cores < busy_cores) return "awake";
  return to_string(s.state);
}

Tone state_tone(const SubscriberSnapshot& s) {
  switch (s.state) {
    case SubscriberState::spinning:
    case SubscriberState::sleeping:
      return Tone::good;
    case SubscriberState::lapped:
    case SubscriberState::stopped:
      return Tone::notice;
    case SubscriberState::gating:
      return gating_tone(s.gating_for);
    case SubscriberState::dead:
      break;
  }
  return Tone::bad;
}

}  // namespace shmbus::top
