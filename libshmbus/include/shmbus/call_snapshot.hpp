#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shmbus/event_id.hpp"
#include "shmbus/options.hpp"
#include "shmbus/snapshot.hpp"

#include "shmbus/detail/header_begin.hpp"

// What flight recorders hold: the last handler calls of each subscription, also of processes that have died.
namespace shmbus {

/// The id of a handler call, as a W3C parent id: `TraceContext::parent_id` of all events that the call published.
using CallId = std::array<std::byte, 8>;

enum class CallOutcome : std::uint8_t {
  running,       ///< it has not returned; where its process is dead, it never will
  ok,            ///< it returned
  threw,         ///< it threw an exception
  ended_thread,  ///< it ended its thread with pthread_exit
};
const char* to_string(CallOutcome outcome) noexcept;  ///< "running", "ok", "threw", "ended its thread"

/// One call of a handler with one event.
struct CallSnapshot {
  CallId id{};
  EventId event;              ///< the event that it handled
  std::string topic;          ///< of that event; empty where the topic is not listed any more
  Time began{};               ///< when the handler was called
  std::optional<Time> ended;  ///< when it returned; nothing while it runs
  CallOutcome outcome = CallOutcome::running;
  std::string error;    ///< what it threw, in the exception's words, cut to 119 bytes; empty where that was overwritten
  unsigned worker = 0;  ///< number of the thread that called it, within its subscription
};

/// The flight recorder of one subscription.
struct RecorderSnapshot {
  std::uint64_t subscription = 0;  ///< id of the subscription
  std::uint64_t node = 0;
  std::int32_t pid = 0;  ///< in the node's own pid namespace
  std::uint32_t uid = 0;
  std::string program;  ///< the process's name
  std::string name;     ///< of the subscription
  std::string pattern;
  NodeState state = NodeState::dead;
  Time started{};  ///< when it began to record
  /// When it ended: when the subscription ended, or when its process was first found dead. Nothing while it records.
  std::optional<Time> ended;
  bool died = false;               ///< its process died with it: a call that is `running` never returned
  std::size_t capacity = 0;        ///< how many calls it holds for each worker
  std::uint64_t overwritten = 0;   ///< calls that were recorded and are not held any more
  std::vector<CallSnapshot> calls;  ///< oldest first, by begin
  std::string problem;  ///< why it could not be read; empty where it could
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
