#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "shmbus/detail/saturated.hpp"
#include "shmbus/event.hpp"
#include "shmbus/status.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

namespace detail {
class GroupCore;
class GroupLoop;
class GroupTopic;
}  // namespace detail

/// The right to handle one event of a group, until it ends: by one of the functions below, by the death of the process, or
/// when its time is over. A Lease that is destroyed gives its event back. Movable, and may outlive the Group. Any thread,
/// one at a time. A Lease that was moved from, or has ended, holds no event.
class [[nodiscard]] Lease {
 public:
  Lease() noexcept;
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease();

  /// Whether it holds an event.
  explicit operator bool() const noexcept { return topic_ != nullptr; }
  /// The event. Valid until the lease ends. *Requires* that it holds one.
  const Event& event() const noexcept { return **event_; }
  /// How often the event was leased, this time included.
  unsigned deliveries() const noexcept { return deliveries_; }

  /// The event is done with. Returns `expired` where the lease had ended before: the event is or was leased again, and this
  /// result does not count. Also `closed` without an event.
  Status acknowledge() noexcept;
  /// Gives the event back: it is leased again after the group's back-off, or after `delay`. Returns as `acknowledge`.
  Status give_back() noexcept { return give_back_after(std::nullopt); }
  template <class Rep, class Period>
  Status give_back(std::chrono::duration<Rep, Period> delay) noexcept {
    return give_back_after(detail::saturated(delay));
  }
  /// The event can't be handled, and trying again would not help: it becomes a dead letter. `reason` travels with that, up
  /// to 1000 bytes. Returns as `acknowledge`; another status says why the dead letter could not be published; the event is
  /// then given back.
  Status reject(std::string_view reason) noexcept;
  /// The lease lasts this much longer, from now on; in all no longer than `GroupOptions::lease_most`. Returns `expired`
  /// where it has ended, or lasts no longer.
  template <class Rep, class Period>
  Status extend(std::chrono::duration<Rep, Period> time) noexcept {
    return extend_by(detail::saturated(time));
  }

 private:
  friend class detail::GroupCore;
  friend class detail::GroupLoop;
  Status give_back_after(std::optional<std::chrono::nanoseconds> delay) noexcept;
  Status extend_by(std::chrono::nanoseconds time) noexcept;
  void drop() noexcept;
  /// Ends it, and keeps the event valid.
  Status finish(bool handled) noexcept;

  std::shared_ptr<detail::GroupTopic> topic_;
  std::uint64_t sequence_ = 0;
  std::uint64_t word_ = 0;
  std::optional<RetainedEvent> event_;
  unsigned deliveries_ = 0;
  std::uint64_t began_ns_ = 0;  // CLOCK_MONOTONIC
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
