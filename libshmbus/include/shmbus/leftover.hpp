#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// Something that a dead process left on a bus. `Bus::reap` cleans up all kinds except `stray` and `unknown_kind`.
struct Leftover {
  enum class Kind : std::uint8_t {
    node,           ///< an entry of the node table
    publisher,      ///< a publisher port, with its open claim
    subscriber,     ///< a subscriber port, with its pins
    subscription,   ///< a standing subscription
    topic,          ///< the announcement of a topic that its creator did not finish
    removal,        ///< a topic that its remover did not finish removing
    log,            ///< a log whose creator died before a topic used it
    earlier_topic,  ///< a topic of an earlier bus of this name
    recorder,       ///< a flight recorder that is not kept any more: see Inspector::recorders
    cursor,  ///< a position of a durable subscription in a topic that does not exist any more, or its record, of an
             ///< earlier bus of this name
    group,         ///< a group of a topic that does not exist any more
    unknown_kind,  ///< a segment of a kind that a later shmbus added: inspect it with that version
    stray,         ///< a file with this bus's name that shmbus did not make, or that is too damaged to identify
  };

  Kind kind{};
  std::uint64_t node = 0;    ///< its former owner; 0: not known
  std::int32_t pid = 0;      ///< of that node, if it is still listed
  std::string program;       ///< of that node, if it is still listed
  std::string name;          ///< a topic, the pattern of a subscription, or else a file in /dev/shm
  unsigned port = 0;         ///< the port's number, for ports
  std::uint64_t memory = 0;  ///< bytes of /dev/shm that its files use; 0 where it has no files of its own

  /// Returns whether `Bus::reap` cleans it up.
  bool reapable() const noexcept { return kind != Kind::stray && kind != Kind::unknown_kind; }
};
const char* to_string(Leftover::Kind kind) noexcept;  ///< "node", "publisher" and so on

/// The files of one bus in /dev/shm, whether or not the bus is intact.
struct BusFiles {
  std::string bus;
  std::size_t files = 0;
  std::uint64_t memory = 0;   ///< bytes of /dev/shm that they use
  std::uint32_t owner = 0;    ///< uid of the registry, or of the first file where there is none
  bool has_registry = false;  ///< false: no process can join the bus; `Bus::remove` removes the files
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
