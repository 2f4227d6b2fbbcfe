#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "shmbus/call_snapshot.hpp"
#include "shmbus/event_id.hpp"
#include "shmbus/options.hpp"
#include "shmbus/trace_context.hpp"

// A trace: the events that one event led to, and the handler calls between them.
//
//   video.watch_started #50612            event, a root: nothing is known to have caused it
//   ├─ user-service                       call: a handler of that service handled the event
//   │  └─ user.preferences_updated #9120  event: that call published it
//   └─ ml-service                         call
namespace shmbus::tracing {

using TraceId = std::array<std::byte, 16>;

/// A process as the bus knows it.
struct Process {
  std::string program;   ///< empty: not known
  std::int32_t pid = 0;  ///< in its own pid namespace
  std::uint64_t node = 0;

  bool known() const noexcept { return node != 0 || !program.empty(); }
  friend bool operator==(const Process&, const Process&) = default;
};

struct TracedEvent {
  EventId id;
  std::string topic;  ///< empty where its name is not known
  Time time{};        ///< the epoch: not known; its topic has no time stamps, or it was not read
  Time near{};        ///< `time`; without one, when its first call or the call that published it began; else the epoch
  std::size_t size = 0;
  TraceId trace{};
  std::optional<TraceContext> context;  ///< what it carries
  std::string tracestate;               ///< the header of that name, which travels with `context`
  std::optional<EventId> cause;
  Process publisher;
  /// Why it was not read, although a call or another event names it. Empty: it was read.
  std::string missing;
  /// Of a missing one: TraceSet::take_settled gave it out before, so nothing is lacking.
  bool taken_before = false;
};

struct TracedCall {
  CallId id{};
  EventId event;
  std::string topic;  ///< of the event; empty where its name is not known
  Time began{};
  std::optional<Time> ended;
  CallOutcome outcome = CallOutcome::running;
  std::string error;
  unsigned worker = 0;
  std::uint64_t subscription = 0;
  std::string subscriber;  ///< the subscription's name
  Process process;
  bool died = false;              ///< its process died while it ran
  std::optional<Time> recorder_ended;  ///< of one that died: when its process was first found dead
};

/// An event or a call, at its place in the tree.
struct Node {
  enum class Kind : std::uint8_t { event, call };
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  Kind kind = Kind::event;
  std::size_t index = 0;      ///< in Trace::events or Trace::calls
  std::size_t parent = none;  ///< in Trace::nodes; `none`: a root
  std::size_t depth = 0;
  std::string note{};  ///< what is not as usual with its place, for example "call not recorded"
};

struct Trace {
  TraceId id{};  ///< of its first root
  std::vector<TracedEvent> events;
  std::vector<TracedCall> calls;
  std::vector<Node> nodes;  ///< the tree from its first root down; what is below a node follows it
  std::vector<std::string> partial;  ///< what of it could not be read, a sentence each; empty: it is whole
  Time began{};  ///< of its earliest event or call; the epoch: nothing of it has a time
  Time ended{};  ///< the latest time that is known of it
};

inline bool failed(const TracedCall& call) noexcept {
  return call.outcome == CallOutcome::threw || call.outcome == CallOutcome::ended_thread;
}
inline bool running(const TracedCall& call) noexcept { return call.outcome == CallOutcome::running && !call.died; }

bool has_failed_call(const Trace& trace) noexcept;   ///< a handler threw, or ended its thread
bool has_dead_call(const Trace& trace) noexcept;     ///< a process died inside a handler
bool has_running_call(const Trace& trace) noexcept;  ///< a handler runs on
std::chrono::nanoseconds duration(const Trace& trace) noexcept;  ///< from `began` to `ended`

/// The difference of two times, which may come from damaged memory: one that does not fit is the nearest that does.
std::chrono::nanoseconds time_between(Time from, Time to) noexcept;

}  // namespace shmbus::tracing
