#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shmbus/inspector.hpp"

namespace shmbus::tool {

/// A process that holds others or memory back, or that could not attach a topic it asked for.
struct BlockingProcess {
  enum class What {
    ring,     ///< a reliable subscriber that publishers wait for
    claim,    ///< a publisher between claim and commit: subscribers wait at that event
    topic,    ///< the creator of a topic that is not usable yet
    memory,   ///< a subscriber inside blocks that have left the ring
    journal,  ///< the process that records a topic, and that publishers wait for, or none
    window,   ///< the holder of the event that a group's full window waits for
    unread,   ///< holds nothing back: a subscriber that could not attach a topic it matches
  };
  What what{};
  std::string topic;
  std::string name;  ///< a subscriber's own name; may be empty
  std::string program;
  std::optional<std::string> bridge;  ///< the name of a bridge to NATS, perhaps empty; nothing: another process
  std::int32_t pid = 0;
  std::uint64_t node = 0;
  NodeState state = NodeState::alive;
  std::chrono::nanoseconds since{0};  ///< how long; of a claim or topic, how long it has been watched. 0: not known
  std::string detail;
  std::string remedy;
  std::string command;  ///< to copy; may be empty
};
const char* to_string(BlockingProcess::What what) noexcept;

/// The processes that hold something back on a bus, by topic. `bus` must be an inspector's second or a later snapshot, so
/// that a claim of a running publish is not taken for one that stays open.
std::vector<BlockingProcess> find_blocking_processes(Inspector& inspector, const BusSnapshot& bus);

/// "ml-service (pid 4711, stopped) holds the ring back, for 2.0 s: let it go on (kill -CONT 4711), or end it"
std::string blocking_process_line(const BlockingProcess& process);
/// A paragraph for people: the process, what it holds, for how long, and what to do.
std::string blocking_process_text(const BlockingProcess& process);
/// One JSON object and a newline.
std::string blocking_process_json(const BlockingProcess& process);

}  // namespace shmbus::tool
