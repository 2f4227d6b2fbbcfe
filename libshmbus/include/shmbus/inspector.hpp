#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shmbus/call_snapshot.hpp"
#include "shmbus/detail/layout_tag.hpp"
#include "shmbus/durable_snapshot.hpp"
#include "shmbus/event_reader.hpp"
#include "shmbus/group_snapshot.hpp"
#include "shmbus/leftover.hpp"
#include "shmbus/options.hpp"
#include "shmbus/snapshot.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// Inspects a bus without joining it: it uses read-only mappings, takes no port and no lock, and disturbs nothing. It
/// keeps its mappings between calls, so that later calls are cheap. One thread at a time. An Inspector that was moved
/// from throws Error, `closed`.
class [[nodiscard]] Inspector {
 public:
  /// Opens a bus for inspection. `owners` as in BusOptions. *Throws* Error: `not_found` where there is no such bus;
  /// `corrupt`, `incompatible` or `untrusted` where its registry fails a check.
  SHMBUS_LAYOUT_TAG explicit Inspector(std::string_view bus, const std::vector<uid_t>& owners = {});
  Inspector(Inspector&&) noexcept;
  Inspector& operator=(Inspector&&) noexcept;
  ~Inspector();

  /// Returns the current state of the bus. Each number is correct, but they are read one after another, not at one
  /// instant. For a topic that can't be read, `problem` holds the reason. *Throws* Error, `corrupt`, where another
  /// process cut the registry short.
  BusSnapshot snapshot();

  /// Returns the current state of a topic's ring; nothing where there is no such topic. *Throws* Error where it can't
  /// be read.
  std::optional<RingSnapshot> ring(std::string_view topic);

  /// Copies the last events that the topic retains, oldest first: at most `count`, and of each payload at most
  /// `max_payload` bytes. It takes no port and pins nothing, so publishers may overwrite an event while it is read;
  /// that event is then left out. A call reads a few MiB at most: where that does not reach the last events, it returns
  /// earlier ones, and the next call goes on from there. Returns nothing where there is no such topic, or the right to
  /// read its log is missing. *Throws* Error where the topic can't be read.
  std::vector<EventSnapshot> events(std::string_view topic, std::size_t count, std::size_t max_payload = 4096);

  /// Returns what the flight recorders of the bus hold: the last handler calls of each subscription, also of those that
  /// ended and of processes that died. Such recorders are kept for ten minutes, the 32 that ended last at most; then
  /// `Bus::reap` or a new subscription frees them. For one that can't be read, `problem` holds the reason. Reads all of
  /// them, some 130 KiB each. *Throws* Error as `snapshot` does.
  std::vector<RecorderSnapshot> recorders();

  /// Returns the durable names of the bus, by name: who holds each, and how far it has come in each topic. Reads a file of
  /// 4 KiB for each name and topic, and lists /dev/shm. *Throws* Error as `snapshot` does.
  std::vector<DurableSnapshot> durables();
  /// Returns the same, with what a snapshot of this Inspector says of nodes and topics.
  std::vector<DurableSnapshot> durables(const BusSnapshot& bus);

  /// Returns the groups of the bus, by topic and name: their members, what is leased and what waits. Lists /dev/shm, and
  /// copies of each group's file 20 KiB and 32 bytes for each event in its window. *Throws* Error as `snapshot` does.
  std::vector<GroupSnapshot> groups();
  /// Returns the same, with what a snapshot of this Inspector says of nodes and topics.
  std::vector<GroupSnapshot> groups(const BusSnapshot& bus);
  /// Returns the first events of a group that are not settled, at most `most`. Empty where there is no such group. *Throws*
  /// Error as `snapshot` does, and where the group's file fails a check.
  std::vector<GroupEventSnapshot> group_events(std::string_view topic, std::string_view group, std::size_t most);

  /// Reads the events of all topics that match a pattern, from `start` on; see EventReader. For topics that exist, the
  /// start means what it means to a subscriber. *Throws* Error: `invalid_name` for an invalid pattern; `stale_position`
  /// and `invalid_option` as Start says; and where the pattern names one topic, the reason why it can't be read.
  EventReader read(std::string_view pattern, Start start, const EventReaderOptions& options = {});

  /// Returns what dead processes left, without changing it; `Bus::reap` cleans it up. Lists /dev/shm, and so costs more
  /// than `snapshot`. *Throws* Error as `snapshot` does.
  std::vector<Leftover> leftovers();

  /// Returns the names of the buses on this machine, sorted.
  static std::vector<std::string> buses();
  /// Returns the files in /dev/shm that have a bus's name, by bus. Includes buses that no process can join.
  static std::vector<BusFiles> files();

 private:
  class Impl;
  Impl& impl() const;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
