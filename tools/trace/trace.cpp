#include "trace.hpp"

#include <algorithm>

namespace shmbus::tracing {

bool has_failed_call(const Trace& trace) noexcept {
  return std::any_of(trace.calls.begin(), trace.calls.end(), failed);
}

bool has_dead_call(const Trace& trace) noexcept {
  return std::any_of(trace.calls.begin(), trace.calls.end(), [](const TracedCall& call) { return call.died; });
}

bool has_running_call(const Trace& trace) noexcept {
  return std::any_of(trace.calls.begin(), trace.calls.end(), running);
}

std::chrono::nanoseconds duration(const Trace& trace) noexcept { return time_between(trace.began, trace.ended); }

std::chrono::nanoseconds time_between(Time from, Time to) noexcept {
  std::int64_t difference = 0;
  const std::int64_t a = from.time_since_epoch().count(), b = to.time_since_epoch().count();
  if (!__builtin_sub_overflow(b, a, &difference)) return std::chrono::nanoseconds{difference};
  return b > a ? std::chrono::nanoseconds::max() : std::chrono::nanoseconds::min();
}

}  // namespace shmbus::tracing
