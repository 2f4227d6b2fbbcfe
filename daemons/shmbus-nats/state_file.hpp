#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shmbus/event_id.hpp"

namespace shmbus::bridge {

/// What the bridge must know after it was killed: /dev/shm/shmbus-nats.BUS.NAME. It lives as long as the bus's own
/// memory, so it needs no disk: where it is gone, the bus is gone, too. One process has it, by a kernel lock.
///
/// Each change is one aligned word that is stored last, so a kill leaves the state before or after it. One thread for the
/// way out, one for the way in.
class StateFile {
 public:
  /// Opens the file, or makes it, and takes its lock. Nothing where another process has the lock. Throws
  /// std::runtime_error.
  static std::optional<StateFile> open(const std::string& bus, const std::string& bridge);

  StateFile(StateFile&& other) noexcept;
  StateFile& operator=(StateFile&&) = delete;
  StateFile(const StateFile&) = delete;
  ~StateFile();

  /// Forgets what belongs to another incarnation of the bus.
  void adopt_bus(std::uint64_t incarnation, const std::vector<std::uint64_t>& live_topics);
  /// Unlinks the file: the bus was removed.
  void remove() noexcept;
  const std::string& path() const noexcept { return path_; }

  // The way out.

  /// The last event of a topic that JetStream acknowledged; 0: none.
  std::uint64_t position(std::uint64_t topic) const noexcept;
  void set_position(std::uint64_t topic, std::uint64_t sequence) noexcept;
  bool has_positions() const noexcept;

  /// Whether a rule was followed before, on this incarnation of the bus; `first_rules`: no rule was.
  bool knows_rule(std::uint64_t rule) const noexcept;
  bool first_rules() const noexcept;
  void know_rule(std::uint64_t rule) noexcept;

  /// The event that is sent to a place in the stream. Kept for the last `plan_size` places of one stream.
  static constexpr std::size_t plan_size = 65'537;  // one more than the largest window
  void plan(std::uint64_t place, std::uint64_t topic, std::uint64_t sequence) noexcept;
  struct Planned {
    std::uint64_t topic, sequence;
  };
  std::optional<Planned> planned(std::uint64_t place) const noexcept;
  /// Forgets what is planned for this place, so that the plan ends before it. `plan` does that with the next place.
  void end_plan(std::uint64_t place) noexcept;
  /// Forgets all plans unless they belong to this stream.
  void adopt_stream(std::int64_t created) noexcept;

  // The way in.

  static constexpr std::size_t origin_count = 1024;
  /// The event that is being published for a message.
  struct Pending {
    std::uint64_t message;  ///< its sequence in the stream
    std::uint64_t topic;    ///< of this bus
    std::uint64_t sequence;
    EventId source;
    std::int64_t time = 0;  ///< when the stream got the message
  };
  /// A handle for an origin: its record is made where it is missing. Throws std::runtime_error where all are used.
  std::size_t origin(const std::string& name);
  /// The creation of the stream that the record is about; 0: none.
  std::int64_t origin_stream(std::size_t origin) const noexcept;
  /// Makes the record one of this stream, with this message as the last one that was dealt with.
  void begin_origin(std::size_t origin, std::int64_t created, std::uint64_t taken) noexcept;
  std::uint64_t taken(std::size_t origin) const noexcept;      ///< last message that was dealt with; 0: none
  std::int64_t taken_time(std::size_t origin) const noexcept;  ///< when the stream got it, ns since 1970; 0: not known
  void begin(std::size_t origin, const Pending& pending) noexcept;
  std::optional<Pending> pending(std::size_t origin) const noexcept;
  /// The message was dealt with. `time`: when the stream got it. `source`: and its event is on this bus.
  void finish(std::size_t origin, std::uint64_t message, std::int64_t time, const EventId* source) noexcept;
  void drop_pending(std::size_t origin) noexcept;

  /// The last event of a topic of another bus that was published here; 0: none.
  std::uint64_t source_sequence(const EventId& topic) const noexcept;

 private:
  struct Layout;
  StateFile(std::string path, int descriptor, Layout* layout) noexcept;
  void set_source(const EventId& source) noexcept;

  std::string path_;
  int descriptor_;
  Layout* layout_;
};

}  // namespace shmbus::bridge
