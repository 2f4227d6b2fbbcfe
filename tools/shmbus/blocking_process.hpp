#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "shmbus/inspector.hpp"

namespace shmbus::tool {

/// A process that keeps others from going on, or memory from being used again, or that does not get what it asked for.
struct BlockingProcess {
  enum class What {
    ring,    ///< a reliable subscriber that publishers wait for
    claim,   ///< a publisher between claim and commit: subscribers wait at that event
    topic,   ///< the creator of a topic that is not usable yet
    memory,  ///< a subscriber inside blocks that have left the ring
    unread,  ///< blocks nobody: a subscriber that could not attach a topic it matches
  };
  What what{};
  std::string topic;
  std::string name;  ///< a subscriber's own; may be empty
  std::string program;
  std::int32_t pid = 0;
  std::uint64_t node = 0;
  NodeState state = NodeState::alive;
  std::chrono::nanoseconds since{0};  ///< how long; of a claim or topic, how long it has been watched. 0: not known
  std::string detail;
  std::string remedy;
  std::string command;  ///< to copy; may be empty
};
const char* to_string(BlockingProcess::What what) noexcept;

/// Who holds what back on a bus, by topic. `bus` is the second look of an inspector at least, so that a claim that is
/// merely passing is not taken for one that stays.
std::vector<BlockingProcess> find_blocking_processes(Inspector& inspector, const BusSnapshot& bus);

/// "ml-service (pid 4711, stopped) holds the ring back, for 2.0 s: let it go on (kill -CONT 4711), or end it"
std::string blocking_process_line(const BlockingProcess& process);
/// A paragraph for people: the process, what it holds, since when, and what may be done.
std::string blocking_process_text(const BlockingProcess& process);
/// One JSON object and a newline.
std::string blocking_process_json(const BlockingProcess& process);

}  // namespace shmbus::tool
