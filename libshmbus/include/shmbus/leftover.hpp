#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// What a dead process left on a bus. `Bus::reap` clears all of it away but `stray` and `unknown_kind`.
struct Leftover {
  enum class Kind : std::uint8_t {
    node,           ///< an entry of the node table
    publisher,      ///< a publisher port, with the claim that stands in it
    subscriber,     ///< a subscriber port, with its pins
    subscription,   ///< a standing subscription
    topic,          ///< the announcement of a topic that its creator did not finish
    removal,        ///< a topic that its remover did not finish removing
    log,            ///< a log whose creator died before it was a topic's
    earlier_topic,  ///< a topic of an earlier bus of this name
    unknown_kind,   ///< a segment of a kind that a later shmbus added: use that one to look at it
    stray,          ///< a file of this bus's name that shmbus did not make, or that is damaged beyond telling
  };

  Kind kind{};
  std::uint64_t node = 0;    ///< whose it was; 0: not known
  std::int32_t pid = 0;      ///< of that node, where it is still listed
  std::string program;       ///< the same
  std::string name;          ///< topic of a port or topic, pattern of a subscription, file in /dev/shm of the others
  unsigned port = 0;         ///< of a port
  std::uint64_t memory = 0;  ///< bytes of /dev/shm behind its files; 0 where it has none of its own

  /// Returns whether `Bus::reap` clears it away.
  bool reapable() const noexcept { return kind != Kind::stray && kind != Kind::unknown_kind; }
};
const char* to_string(Leftover::Kind kind) noexcept;  ///< "node", "publisher" and so on

/// The files of one bus in /dev/shm, whether or not the bus is sound.
struct BusFiles {
  std::string bus;
  std::size_t files = 0;
  std::uint64_t memory = 0;   ///< bytes of /dev/shm behind them
  std::uint32_t owner = 0;    ///< uid of the registry, or of the first file where there is none
  bool has_registry = false;  ///< false: nobody can join it, `Bus::remove` clears it away
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
