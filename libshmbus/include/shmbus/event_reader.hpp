#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "shmbus/error.hpp"
#include "shmbus/snapshot.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

struct EventReaderOptions {
  /// Bytes of each payload that are copied. *Default*: all.
  std::size_t max_payload = std::numeric_limits<std::size_t>::max();
  /// Reads what is published by now, and no more: no later event, and no topic that is created later. *Default*: false.
  bool retained_only = false;
  /// Reads from the topics' journals what has left the ring. *Default*: true.
  bool journals = true;
};

/// A matching topic whose events an EventReader does not return, or not now.
struct TopicProblem {
  std::string topic;
  ErrorCode code{};    ///< why; `busy`: its next event is claimed, and its publisher has not committed it yet
  std::string reason;  ///< the reason as a line for people, with what to do
};

/// Reads the events of all topics that match a pattern, including topics created later, without joining the bus. Made
/// by Inspector::read. It copies each event, takes no port, pins nothing and writes nothing to shared memory: so it
/// holds nobody back, and reads a topic whose 64 subscriber ports are taken. It needs the right to read only. Publishers
/// may overwrite events before they are read; these are counted, and what is returned is never torn.
///
/// What has left the ring of a journaled topic comes from its journal. So `start` reaches back over the whole of it, and
/// nothing that was recorded is lost. Where the journal can't be read, the topic is read from its ring, and `problems` says
/// so.
///
/// It is slower than a Subscriber, and can't be waited on: call `next` every few milliseconds to follow. Movable; one
/// thread at a time. It may outlive the Inspector. An EventReader that was moved from throws Error, `closed`.
class [[nodiscard]] EventReader {
 public:
  EventReader(EventReader&&) noexcept;
  EventReader& operator=(EventReader&&) noexcept;
  ~EventReader();

  /// Returns the next event, valid until the next call; null where there is none now. A later call may find more. Events
  /// come in the order of their times across topics, those without a time stamp first, and in sequence order within a
  /// topic. Aborted events are passed over. In front of an event that is not committed yet its topic waits: it and those
  /// behind it follow once it is committed, or repaired after its publisher died. *Throws* Error, `corrupt`, where
  /// another process cut the registry short.
  const EventSnapshot* next();

  /// Returns exactly how many sequence numbers were missed so far: their events left the ring before they were read, or
  /// while they were copied, and no journal holds them; or their topic was removed. Aborted events among them count, too.
  std::uint64_t lost() const;

  /// Returns the matching topics that can't be read at the moment, with the reason: no permission, no descriptor left,
  /// an owner that is not trusted, corrupt, a journal that can't be read, or an event that is not committed. All but a corrupt topic are tried again; with
  /// EventReaderOptions::retained_only, a topic that could not be opened at first is not.
  std::vector<TopicProblem> problems();

  /// Returns true where `next` will return nothing any more: the bus was removed; or, with
  /// EventReaderOptions::retained_only, all was read.
  bool finished();

 private:
  friend class Inspector;
  class Impl;
  explicit EventReader(std::unique_ptr<Impl> impl) noexcept;
  Impl& impl() const;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
