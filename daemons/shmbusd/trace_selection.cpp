#include "trace_selection.hpp"

#include <algorithm>
#include <cstdint>

namespace shmbus::daemon {
namespace {

/// An event that a handler published carries a context, too, which shmbus made; but it has a cause.
bool sampled_outside(const tracing::Trace& trace) noexcept {
  return std::any_of(trace.events.begin(), trace.events.end(), [](const tracing::TracedEvent& event) {
    return event.context && !event.cause && (event.context->flags & TraceContext::kSampled) != 0;
  });
}

}  // namespace

bool in_sample(const tracing::TraceId& id, double share) noexcept {
  constexpr std::size_t random_bytes = 7;
  constexpr double all = 72'057'594'037'927'936.0;  // 2^56
  if (!(share > 0)) return false;
  if (share >= 1) return true;
  std::uint64_t random = 0;
  for (std::size_t i = id.size() - random_bytes; i < id.size(); ++i)
    random = random << 8 | std::to_integer<std::uint64_t>(id[i]);
  return random >= static_cast<std::uint64_t>((1 - share) * all);
}

std::optional<SelectReason> TraceSelection::select(const tracing::Trace& trace) {
  const auto reason = reason_of(trace);
  if (reason && *reason != SelectReason::sample && *reason != SelectReason::rest) remember(trace.id);
  return reason;
}

std::optional<SelectReason> TraceSelection::reason_of(const tracing::Trace& trace) const {
  if (rules_.failed && (tracing::has_failed_call(trace) || tracing::has_dead_call(trace))) return SelectReason::failed;
  if (rules_.slower_than.count() != 0 && tracing::duration(trace) > rules_.slower_than) return SelectReason::slow;
  if (rules_.sampled && sampled_outside(trace)) return SelectReason::sampled;
  if (in_sample(trace.id, rules_.sample)) return SelectReason::sample;
  if (selected_.contains(trace.id)) return SelectReason::rest;
  return std::nullopt;
}

void TraceSelection::remember(const tracing::TraceId& id) {
  if (!selected_.insert(id).second) return;
  order_.push_back(id);
  if (order_.size() <= remembered) return;
  selected_.erase(order_.front());
  order_.pop_front();
}

}  // namespace shmbus::daemon
