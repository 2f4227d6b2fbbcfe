#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shmbus/detail/layout_tag.hpp"
#include "shmbus/options.hpp"
#include "shmbus/snapshot.hpp"
#include "shmbus/topic_info.hpp"

#include "shmbus/detail/header_begin.hpp"

// The files of journals, without their bus: also when the machine has just started, or on another machine.
namespace shmbus {

/// A segment file of a journal.
struct JournalFile {
  std::string name;
  std::uint64_t bytes = 0;  ///< with the room that was allocated and is not used yet
  std::uint64_t first = 0;  ///< the first number that it may hold
  std::uint64_t last = 0;   ///< the last number that it names; 0: none, or not known
  Time created{};
  std::optional<Time> last_time;  ///< the greatest time of an event in it or in files before it
  bool closed = false;            ///< nothing more is appended to it
  std::string problem;            ///< why it can't be read; empty when it could
};

/// What a journal is, and how far it reaches.
struct JournalInfo {
  std::string bus;
  std::string path;  ///< of its folder
  TopicInfo topic;   ///< as the process that recorded it last knew it
  /// A bus uses it, or did when the machine's memory ended. False: it was closed, and all of it is on stable storage.
  bool in_use = false;
  bool recorded = false;                      ///< a process records it now; false also where this user may not know
  std::uint64_t first = 0;                    ///< the first number that it may hold; 0: it holds nothing
  std::uint64_t last = 0;                     ///< the last number that it names
  std::optional<Time> first_time, last_time;  ///< of its events; nothing where there is none, or without time stamps
  std::uint64_t bytes = 0;                    ///< of all segment files
  std::uint64_t free_bytes = 0;               ///< that this user may still write to the file system
  std::vector<JournalFile> files;             ///< oldest first
};

/// A range of numbers.
struct JournalNumbers {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  friend bool operator==(const JournalNumbers&, const JournalNumbers&) = default;
};

/// Bytes of a journal that were on stable storage and are damaged.
struct JournalDamage {
  std::string file;
  std::uint64_t offset = 0;
  JournalNumbers numbers;  ///< of the events that they may have held; last below first: of none
};

/// What is wrong with a file as a whole, or worth a word.
struct JournalRemark {
  std::string file;
  std::string text;  ///< "is missing"
};

/// What reading every byte of a journal found.
struct JournalReport {
  std::uint64_t files = 0, bytes = 0, frames = 0, events = 0;
  std::uint64_t first = 0;              ///< the first number that it may hold; 0: it holds nothing
  std::uint64_t last = 0;               ///< the last number that it names
  bool closed = false;                  ///< the last file was closed
  std::uint64_t tail_bytes = 0;         ///< behind the last frame: being written, or never synced; no damage
  std::vector<JournalDamage> damage;    ///< in the order of the journal
  std::vector<JournalNumbers> gaps;     ///< numbers that no event has or will have
  std::vector<JournalNumbers> missing;  ///< numbers of events that were never recorded
  std::vector<JournalRemark> remarks;

  /// Whether all that was recorded is there.
  bool whole() const noexcept { return damage.empty() && remarks.empty(); }
};

/// Numbers between two events of a journal, which it does not hold.
struct JournalStretch {
  enum class Kind : std::uint8_t {
    gap,      ///< no event has or will have them
    missing,  ///< their events were not recorded
    damaged,  ///< their events' bytes are damaged
    removed,  ///< retention or pruning removed them
  };
  Kind kind{};
  JournalNumbers numbers;
};
const char* to_string(JournalStretch::Kind kind) noexcept;  ///< "gap" and so on

struct JournalReadOptions {
  /// Bytes of each payload that are copied. *Default*: all.
  std::size_t max_payload = std::numeric_limits<std::size_t>::max();
  std::uint64_t incarnation = 0;  ///< of the bus, for the ids of events; files do not know it
};

/// Reads the events of a journal in the order of their numbers. Made by JournalFiles::read. A process may record
/// meanwhile. Movable; one thread at a time. One that was moved from throws Error, `closed`.
class [[nodiscard]] JournalEvents {
 public:
  JournalEvents(JournalEvents&&) noexcept;
  JournalEvents& operator=(JournalEvents&&) noexcept;
  ~JournalEvents();

  /// Returns the next event, valid until the next call; null where there is none now. A later call may find more.
  /// *Throws* Error where the files can't be read: the next call tries again.
  const EventSnapshot* next();
  /// Returns what stood between the events since the last call.
  std::vector<JournalStretch> take_stretches();
  /// Returns how many numbers were passed that events had, and that are not there: missing, damaged and removed ones.
  std::uint64_t lost() const;

 private:
  friend class JournalFiles;
  class Impl;
  explicit JournalEvents(std::unique_ptr<Impl> impl) noexcept;
  Impl& impl() const;
  std::unique_ptr<Impl> impl_;
};

/// What pruning removes: the oldest segment files, whole, for as long as one of these holds. The newest file stays.
struct PruneLimits {
  std::uint64_t before = 0;            ///< all numbers of the file are below this one; 0: no such limit
  std::optional<Time> older_than;      ///< all events of the file, and of those before it, are older
  std::optional<std::uint64_t> bytes;  ///< the files take more bytes
};

struct PruneReport {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t last = 0;  ///< the last number that was removed; 0: none
};

/// The journal of one topic: looks at its files, and needs no bus. It follows no link, reads files of accepted owners
/// alone, and believes nothing that it has not checked. Movable; one thread at a time. One that was moved from throws
/// Error, `closed`.
class [[nodiscard]] JournalFiles {
 public:
  /// Opens the journal in `folder`/`bus`/`topic`. `owners` as in BusOptions. *Throws* Error: `not_found` where there is
  /// none, `permission`, `untrusted`, `invalid_name`.
  SHMBUS_LAYOUT_TAG JournalFiles(const std::string& folder, std::string_view bus, std::string_view topic,
                                 const std::vector<uid_t>& owners = {});
  JournalFiles(JournalFiles&&) noexcept;
  JournalFiles& operator=(JournalFiles&&) noexcept;
  ~JournalFiles();

  /// *Throws* Error where it can't be read: `corrupt`, `incompatible`, `permission`, ...
  JournalInfo info();

  /// Reads and checks every byte, and changes nothing. What a process is about to write counts as tail. *Throws* Error
  /// where the files can't be read.
  JournalReport verify();

  /// Reads the events from `start` on. *Throws* Error: `invalid_option` for Start::latest and for a time where events
  /// have none; `stale_position` for an event of another topic.
  JournalEvents read(Start start, const JournalReadOptions& options = {});

  /// Removes the oldest files; with `only_look` it only reports what it would remove. Durable subscriptions are not asked.
  /// *Throws* Error: `busy` while a process records the topic, since that process alone may change the files.
  PruneReport prune(const PruneLimits& limits, bool only_look = false);

  /// Returns where this process's buses have their journals by default: see BusOptions::journals. Empty without a home.
  static std::string default_folder();
  /// Returns the names of the buses that have a folder there, sorted; none where there is no such folder. *Throws* Error
  /// where it can't be read.
  static std::vector<std::string> buses(const std::string& folder);
  /// Returns the topics of a bus that have a folder there, sorted. *Throws* Error as `buses` does.
  static std::vector<std::string> topics(const std::string& folder, std::string_view bus,
                                         const std::vector<uid_t>& owners = {});

 private:
  class Impl;
  Impl& impl() const;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
