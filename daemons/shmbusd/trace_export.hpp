#pragma once

#include <sys/types.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "trace_counts.hpp"
#include "trace_settings.hpp"

namespace shmbus::daemon {

/// Follows the buses, puts their events and handler calls together to traces, selects among those that are settled, and
/// sends them to a receiver of OpenTelemetry. On two threads of its own, one to follow and one to send: so no receiver
/// holds up anything else. Without an endpoint there is no thread, and nothing is read.
class TraceExport {
 public:
  TraceExport();
  TraceExport(const TraceExport&) = delete;
  TraceExport& operator=(const TraceExport&) = delete;
  /// Decides on what was read, and tries once more to send; see TraceSender.
  ~TraceExport();

  /// From now on; `buses` empty: all of this machine. `owners` as in BusOptions.
  void set(const TraceSettings& settings, std::vector<std::string> buses, std::vector<uid_t> owners);

  /// Any thread. Nothing: there is no endpoint.
  std::optional<TraceCounts> counts() const;

  /// A line for people: "Traces go to http://localhost:4318/v1/traces: 12 sent". Empty: there is no endpoint. Any thread.
  std::string line() const;

 private:
  class Running;
  mutable std::mutex mutex_;  // of the pointer
  std::unique_ptr<Running> running_;
};

}  // namespace shmbus::daemon
