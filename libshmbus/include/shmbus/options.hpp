#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shmbus/event_id.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// Wall-clock time of an event, in nanoseconds since 1970.
using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

/// How many publishers a topic may have at one time.
enum class Writers : std::uint8_t {
  shared,     ///< any number up to 64; one atomic read-modify-write a publish
  exclusive,  ///< one; no atomic read-modify-write
};

/// What happens when a subscriber is slower than the publishers.
enum class Delivery : std::uint8_t {
  lossy,     ///< the ring moves on; the subscriber learns exactly how many sequence numbers passed it
  reliable,  ///< publishers wait rather than overrun it
};

/// Where a subscriber begins in a topic that exists when it attaches. A topic that is created later is read from its
/// first event, whatever the start.
class Start {
 public:
  enum class Kind : std::uint8_t { latest, oldest, sequence, time, last, after };

  /// With the next event.
  static constexpr Start latest() { return {Kind::latest, 0}; }
  /// With the oldest retained event.
  static constexpr Start oldest() { return {Kind::oldest, 0}; }
  /// With event number `n` of the topic as it is now. Events before the oldest retained one count as lost. A number
  /// that was not published yet is waited for: a topic that was removed and made anew counts from 1 again, so a number
  /// from before may be waited for in vain. To go on where another process stopped, use `after`.
  static constexpr Start sequence(std::uint64_t n) { return {Kind::sequence, static_cast<std::int64_t>(n)}; }
  /// With the event after `id`, of which `Event::id` tells: for going on after a restart. Events that are no longer
  /// retained count as lost. *Requires*: a pattern that names one topic. *Throws* Error, `stale_position`, where the
  /// topic is not the one that event was of: it, or the bus, was removed and perhaps made anew.
  static constexpr Start after(const EventId& id) {
    Start start{Kind::after, static_cast<std::int64_t>(id.sequence)};
    start.bus_ = id.bus;
    start.topic_ = id.topic;
    return start;
  }
  /// With the first event, in sequence order, of time `t` or later. The topic must carry time stamps.
  static constexpr Start time(Time t) { return {Kind::time, t.time_since_epoch().count()}; }
  /// With the last `k` sequence numbers.
  static constexpr Start last(std::uint64_t k) { return {Kind::last, static_cast<std::int64_t>(k)}; }

  constexpr Kind kind() const noexcept { return kind_; }
  /// The sequence, nanoseconds since 1970, or count that belongs to the kind.
  constexpr std::int64_t value() const noexcept { return value_; }
  /// The event to go on after; all zeros for another kind.
  constexpr EventId event() const noexcept {
    return kind_ == Kind::after ? EventId{bus_, topic_, static_cast<std::uint64_t>(value_)} : EventId{};
  }

 private:
  constexpr Start(Kind kind, std::int64_t value) : value_(value), kind_(kind) {}
  std::int64_t value_;
  std::uint64_t bus_ = 0, topic_ = 0;  // of `after`
  Kind kind_;
};

/// How `Subscriber::wait` passes the time before it sleeps in the kernel.
class WaitStrategy {
 public:
  /// Never sleeps: lowest latency, one core busy.
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

/// Given by whoever creates the bus; later members adopt what was recorded, except `owners`, which is each member's
/// own.
struct BusOptions {
  unsigned mode = 0600;         ///< access to the registry; the umask does not apply
  std::string group{};          ///< owner group, by name or number, if not the process's
  std::vector<uid_t> owners{};  ///< whose segments to accept besides one's own and root's
  std::chrono::nanoseconds stall_limit = std::chrono::seconds{1};  ///< how long a lossy reader waits for a stopped
      ///< publisher's open claim; the longest sleep. 1 ms to 1 h
  bool create = true;  ///< false: attach only, `not_found` where there is no such bus
};

/// Given by whoever creates the topic, `Bus::topic` or the first publisher; later comers adopt what it has, and
/// `TopicInfo::different` tells them what they asked for in vain.
struct TopicOptions {
  std::size_t block_size = std::size_t{256} * 1024;  ///< bytes, a power of two from 4 KiB to 64 MiB; bounds the payload
  std::size_t blocks = 16;  ///< retained in the ring, 2 to 65,536; rounded up to a power of two
  bool reserve = false;  ///< back all of them, and two more, with memory at creation, or fail there. In a full /dev/shm
                         ///< it then publishes on as long as its subscribers and open loans are not more than `blocks`
                         ///< and no reliable one holds it back. `Event::retain` always copies on such a topic
  bool timestamps = true;             ///< each event carries its time
  Writers writers = Writers::shared;  ///< how many publishers at a time
  unsigned mode = 0600;               ///< of the log; whoever may read it may also write the control segment
  std::string group{};                ///< owner group, by name or number, if not the process's
  /// Accepts publishers of raw bytes beside those of a type. `Event::as<T>()` then gives any event of T's size as a T.
  bool accept_raw = false;
  /// Throws `invalid_option`, naming each difference, where the topic exists and any of these options, those left at
  /// their defaults too, is not what it has. A `group` left empty is not compared. Not recorded.
  bool strict = false;

  /// Returns the bytes of address space (`ulimit -v`) that such a topic takes in each process that has it open. Memory
  /// is taken when a block is first used, unless `reserve` is set. Any thread.
  std::uint64_t address_space() const noexcept;
};

struct SubscriberOptions {
  Start start = Start::latest();
  Delivery delivery = Delivery::lossy;
  std::chrono::nanoseconds demote_after{0};  ///< reliable only: become lossy after holding publishers back so
                                             ///< long; 0: never
  WaitStrategy wait = WaitStrategy::balanced();
  std::string name{};  ///< shown by the monitor; at most 63 bytes
};

struct DispatchOptions {
  SubscriberOptions subscriber{};
  std::size_t workers =
      1;  ///< threads that call the handler, 1 to 64; with more than one there is no order between them
  // For several workers; one worker handles each event in place, and has no queue.
  std::size_t queue = 1024;  ///< events handed over and not handled yet, 1 to 1,048,576. An event that finds it full is
                             ///< handled by the worker that polls: nobody polls meanwhile, and nothing is dropped
  std::size_t queue_bytes = std::size_t{16} * 1024 * 1024;  ///< bytes of copies at a time, for events whose block can't
                                                            ///< be pinned (eight a topic can); beyond it the same
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
