#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "shmbus/detail/saturated.hpp"
#include "shmbus/group_options.hpp"
#include "shmbus/lease.hpp"
#include "shmbus/status.hpp"
#include "shmbus/topic_info.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

class Bus;

/// A member of a group: a name under which several workers, in any number of processes, share the events of a topic. Each
/// event is leased to one of them at a time, until one acknowledges it or it becomes a dead letter: at least once, and
/// once where no holder dies or falls silent.
///
/// A group exists from its first member on, until `Bus::remove_group`. On a topic with a journal it survives the machine,
/// and holds no publisher back. On one without it holds publishers back like a reliable subscriber, from its oldest
/// unsettled event on (GroupOptions::abandon_after).
///
/// What was published again from the dead letters (`shmbus dead --redeliver`) comes by the topic `<topic>.retry.<group>`,
/// from which the members take, too.
///
/// Movable. Any thread; several may take at one time. A Group that was moved from has the status `closed`.
class [[nodiscard]] Group {
 public:
  Group(Group&&) noexcept;
  Group& operator=(Group&&) noexcept;
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  /// Leaves the group. Leases that are still out stay valid.
  ~Group();

  /// Returns the next event that may be leased, and waits for one. Returns none when the time is over, after `interrupt`,
  /// and when the bus was removed.
  Lease take() { return take_for(std::chrono::nanoseconds::max()); }
  template <class Rep, class Period>
  Lease take(std::chrono::duration<Rep, Period> timeout) {
    return take_for(detail::saturated(timeout));
  }
  /// The same without waiting.
  Lease try_take() { return take_for(std::chrono::nanoseconds{0}); }

  /// Makes every waiting `take` of this Group return, now and in the future. Async-signal-safe.
  void interrupt() noexcept;

  std::string_view topic() const noexcept;
  std::string_view name() const noexcept;
  /// Returns `ok` while it works; `incomplete` where its topic could not be attached; `journal_failed` where events that
  /// it wants can't be read from the journal; `corrupt` where shared memory holds invalid data; `closed` after the removal
  /// of the bus or of the group, and in a forked child.
  Status status() const noexcept;
  /// Returns whether most of its leases failed lately: it then leases one event a second, until one is acknowledged.
  bool cautious() const noexcept;
  /// Returns how many events of the topic were lost to the group: they left the ring before any member read them.
  std::uint64_t lost() const noexcept;
  /// Returns the options that the group has otherwise than this member asked for, since it existed before. Empty before the
  /// topic exists.
  std::vector<DifferentOption> different() const;

 private:
  friend class Bus;
  explicit Group(std::shared_ptr<detail::GroupCore> core) noexcept;
  Lease take_for(std::chrono::nanoseconds timeout);

  std::shared_ptr<detail::GroupCore> core_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
