#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <unordered_set>

#include "trace_counts.hpp"
#include "trace_settings.hpp"
#include "trace.hpp"
#include "trace_ids.hpp"

namespace shmbus::daemon {

/// Decides which settled traces are exported. One thread at a time.
class TraceSelection {
 public:
  /// Selected traces that are remembered, so that what comes later of one is selected, too.
  static constexpr std::size_t remembered = 10'000;

  /// The rules from now on; at first those of TraceSettings' defaults.
  void set(const TraceSettings& rules) { rules_ = rules; }

  /// Why the trace is to be exported; nothing: it is not.
  std::optional<SelectReason> select(const tracing::Trace& trace);

 private:
  std::optional<SelectReason> reason_of(const tracing::Trace& trace) const;
  void remember(const tracing::TraceId& id);

  TraceSettings rules_;
  std::unordered_set<tracing::TraceId, tracing::BytesHash<16>> selected_;
  std::deque<tracing::TraceId> order_;  // as they were selected
};

/// Whether a trace id is among this share of all ids, 0 to 1. Every daemon chooses the same ones, and a larger share
/// includes a smaller one. By OpenTelemetry's consistent probability sampling: the last 56 bits of the id count, which
/// W3C Trace Context wants to be random.
bool in_sample(const tracing::TraceId& id, double share) noexcept;

}  // namespace shmbus::daemon
