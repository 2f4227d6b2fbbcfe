#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shmbus/event_id.hpp"
#include "shmbus/journal.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// Wall-clock time of an event, in nanoseconds since 1970.
using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

/// How many publishers a topic may have at one time.
enum class Writers : std::uint8_t {
  shared,     ///< any number up to 64; one atomic read-modify-write per publish
  exclusive,  ///< one; no atomic read-modify-write
};

/// Which events a subscriber of a journaled topic sees.
enum class See : std::uint8_t {
  published,  ///< each event at once
  durable,    ///< an event once it is durable (see Journal), so that nothing acted upon is taken back by the machine's
              ///< crash; events that the journal misses count as lost. On a topic without a journal: each at once
};

/// What happens when a subscriber is slower than the publishers.
enum class Delivery : std::uint8_t {
  lossy,     ///< the ring moves on; the subscriber learns exactly how many sequence numbers it missed
  reliable,  ///< publishers wait instead of overwriting events that it has not read
};

/// Where a subscriber begins in a topic that exists when it attaches. A topic that is created later is read from its
/// first event, whatever the start.
class Start {
 public:
  enum class Kind : std::uint8_t { latest, oldest, sequence, time, last, after };

  /// Begins with the next event.
  static constexpr Start latest() { return {Kind::latest, 0}; }
  /// Begins with the oldest retained event.
  static constexpr Start oldest() { return {Kind::oldest, 0}; }
  /// Begins with event number `n` of the current topic. Events before the oldest retained one count as lost. If the
  /// number is not published yet, the subscriber waits for it. A topic that was removed and created again counts from 1
  /// again, so it may never reach an old number: to resume where another process stopped, use `after`.
  static constexpr Start sequence(std::uint64_t n) { return {Kind::sequence, static_cast<std::int64_t>(n)}; }
  /// Begins with the event after `id` (see `Event::id`): for resuming after a restart. Events that are no longer
  /// retained count as lost. *Requires* a pattern that names one topic. *Throws* Error, `stale_position`, where the
  /// event belongs to another topic: its topic or bus was removed, and perhaps created again.
  static constexpr Start after(const EventId& id) {
    Start start{Kind::after, static_cast<std::int64_t>(id.sequence)};
    start.bus_ = id.bus;
    start.topic_ = id.topic;
    return start;
  }
  /// Begins with the first event, in sequence order, of time `t` or later. *Requires* a topic with time stamps.
  static constexpr Start time(Time t) { return {Kind::time, t.time_since_epoch().count()}; }
  /// Begins with the last `k` sequence numbers.
  static constexpr Start last(std::uint64_t k) { return {Kind::last, static_cast<std::int64_t>(k)}; }

  constexpr Kind kind() const noexcept { return kind_; }
  /// Returns the sequence, the nanoseconds since 1970, or the count, depending on the kind.
  constexpr std::int64_t value() const noexcept { return value_; }
  /// Returns the event to resume after; all zeros for another kind.
  constexpr EventId event() const noexcept {
    return kind_ == Kind::after ? EventId{bus_, topic_, static_cast<std::uint64_t>(value_)} : EventId{};
  }

 private:
  constexpr Start(Kind kind, std::int64_t value) : value_(value), kind_(kind) {}
  std::int64_t value_;
  std::uint64_t bus_ = 0, topic_ = 0;  // of `after`
  Kind kind_;
};

/// What `Subscriber::wait` does before it sleeps in the kernel.
class WaitStrategy {
 public:
  /// Never sleeps: lowest latency, but keeps one core busy.
  static constexpr WaitStrategy spin() { return {std::chrono::nanoseconds::max(), 0}; }
  /// Spins some microseconds, yields a few times, then sleeps.
  static constexpr WaitStrategy balanced() { return {std::chrono::microseconds{20}, 8}; }
  /// Sleeps at once.
  static constexpr WaitStrategy sleep() { return {std::chrono::nanoseconds{0}, 0}; }

  constexpr std::chrono::nanoseconds spin_time() const noexcept { return spin_; }
  constexpr unsigned yields() const noexcept { return yields_; }

 private:
  constexpr WaitStrategy(std::chrono::nanoseconds spin, unsigned yields) : spin_(spin), yields_(yields) {}
  std::chrono::nanoseconds spin_;
  unsigned yields_;
};

/// Options of the bus's creator. Later members adopt the recorded ones, except `owners` and `causes`, which each member
/// sets for itself.
struct BusOptions {
  unsigned mode = 0600;         ///< access to the registry; the umask does not apply
  std::string group{};          ///< owner group, by name or number, if not the process's
  std::vector<uid_t> owners{};  ///< users whose segments to accept, besides this user and root
  std::chrono::nanoseconds stall_limit = std::chrono::seconds{1};  ///< how long a lossy reader waits for a stopped
      ///< publisher's open claim; the longest sleep. 1 ms to 1 h
  bool create = true;  ///< false: attach only, `not_found` where there is no such bus
  /// An event that is published inside a handler, through this Bus, names the event that is handled: see `Event::cause`
  /// and `Event::trace`. That takes 80 bytes; an event whose payload leaves no room for them names no cause. Events that
  /// are published outside of handlers cost and carry nothing more.
  bool causes = true;
  /// Where the journals lie: an absolute path, at most 1023 bytes. *Default*: `$SHMBUS_JOURNALS`; else `/var/lib/shmbus`
  /// for root; else `$XDG_STATE_HOME/shmbus`, or `~/.local/state/shmbus`. The bus's creator records it; for a later
  /// member another wish is an error.
  std::string journals{};
  /// Which journaled topics this member may record. Each member chooses for itself.
  Record record = Record::own;
  /// Bytes of the journals' file system that this member leaves to others when it records: below, it applies what topics
  /// retain, and then records nothing until there is room again. Each member chooses for itself.
  std::uint64_t low_space = std::uint64_t{64} << 20;
};

/// Options of the topic's creator: `Bus::topic` or the first publisher. Later ones adopt the topic's options, and
/// `TopicInfo::different` lists those that they requested and did not get.
struct TopicOptions {
  std::size_t block_size = std::size_t{256} * 1024;  ///< bytes, a power of two from 4 KiB to 64 MiB; bounds the payload
  std::size_t blocks = 16;  ///< retained in the ring, 2 to 65,536; rounded up to a power of two
  /// Backs all of these blocks, and two more, with memory at creation; creation fails where there is not enough. Such a
  /// topic can be published to even when /dev/shm is full, for as long as its subscribers and open loans are not more
  /// than `blocks`, and no reliable subscriber holds it back. `Event::retain` always copies on such a topic.
  bool reserve = false;
  bool timestamps = true;             ///< each event has a time stamp
  Writers writers = Writers::shared;  ///< how many publishers at a time
  unsigned mode = 0600;               ///< of the log; a user that may read it may also write the control segment
  std::string group{};                ///< owner group, by name or number, if not the process's
  /// Accepts publishers of raw bytes besides those of a type. `Event::as<T>()` then returns any event of T's size as a
  /// T.
  bool accept_raw = false;
  /// Requires an existing topic to have exactly these options, including those left at their defaults; otherwise
  /// opening it throws `invalid_option`, which names each difference. An empty `group` is not compared. Not recorded.
  bool strict = false;

  /// Whether events are also written to disk. Subscribers then lose nothing that was published: one that was lapped goes
  /// on in the journal, and starts reach back over all of it. When the machine starts again, whoever opens the bus first
  /// brings its journaled topics back, with the same ids and numbering.
  Journal journal = Journal::none();
  Retention retain{};                         ///< what the journal keeps
  WhenBehind when_behind = WhenBehind::hold;  ///< when the disk can't keep up
  /// How long publishers wait while nothing is recorded: no process records, the one that does is stopped, or the disk
  /// hangs. Then the topic goes on without, and the journal notes which numbers it misses. 1 ms to 1 h.
  std::chrono::nanoseconds unrecorded_limit = std::chrono::seconds{30};
  std::uint64_t segment_file = std::uint64_t{128} << 20;  ///< bytes of a segment file of the journal, 1 MiB to 64 GiB

  /// Returns the bytes of address space (`ulimit -v`) that such a topic takes in each process that has it open. Memory
  /// is taken when a block is first used, unless `reserve` is set. Any thread.
  std::uint64_t address_space() const noexcept;
};

/// When the events of a durable subscriber are acknowledged.
enum class Acknowledge : std::uint8_t {
  next_poll,  ///< by the next `poll`, which acknowledges all events that the one before handed out
  manual,     ///< by `Subscriber::acknowledge`
};

struct SubscriberOptions {
  Start start = Start::latest();
  Delivery delivery = Delivery::lossy;
  std::chrono::nanoseconds demote_after{0};  ///< reliable only: become lossy after holding publishers back
                                             ///< for this long; 0: never
  WaitStrategy wait = WaitStrategy::balanced();
  std::string name{};  ///< shown by monitors; at most 63 bytes
  /// How many of the last handler calls its flight recorder holds, for each worker: 16 to 1,048,576, rounded up to a
  /// power of two; 0: no recorder. A call takes 32 bytes of /dev/shm. *Default*: 4096 with `Bus::subscribe`, else 0. See
  /// `Inspector::recorders`.
  std::optional<std::size_t> record_calls{};
  See see = See::published;

  /// Makes the subscription durable, under this name: `[A-Za-z0-9_-]{1,63}`. The position after its last acknowledged
  /// event is kept in each topic, and whoever opens the name next goes on there; `start` counts only where the name is
  /// new, or a topic that existed then. Events that were handed out and not acknowledged are handed out again: each at
  /// least once. What the ring drops while no process holds the name counts as lost. A name exists until `Bus::forget`,
  /// keeps its pattern, and one subscriber at a time holds it. *Default*: empty, not durable.
  std::string durable{};
  /// Durable and reliable only: publishers wait for what this subscriber has not acknowledged. They still wait after its
  /// end or death, until the next holder of the name takes its place, or until this time has passed. So a restart loses
  /// nothing. It takes a second subscriber port in each topic, and none where a journal keeps the events.
  /// *Default*: 0, publishers wait for nobody that has ended.
  std::chrono::nanoseconds hold_for{0};
  /// Durable only. `Bus::subscribe` acknowledges what its handler has returned from, and knows no `manual`.
  Acknowledge acknowledge = Acknowledge::next_poll;
  /// Durable only: where another subscriber holds the name, stands by, and takes over when that one ends or dies. See
  /// `Subscriber::standing_by`. False: opening the name then throws `busy`.
  bool standby = false;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
