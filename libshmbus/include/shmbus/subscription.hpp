#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "shmbus/detail/saturated.hpp"
#include "shmbus/event.hpp"
#include "shmbus/status.hpp"
#include "shmbus/unattached_topic.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

class Bus;

namespace detail {
class Dispatcher;
}

/// The function that `Bus::subscribe` calls for each event, on the subscription's own worker thread. All signals are
/// blocked in that thread.
///
/// Each call is recorded: see `SubscriberOptions::record_calls`. What the handler publishes names the event that it
/// handles: see `Event::cause`.
///
/// With a durable name (SubscriberOptions::durable), an event is acknowledged when its handler has returned; with several
/// workers, when those of all events before it in its topic have, too. The position is written at most once per
/// millisecond, and when nothing is left to handle. A handler that throws is called again with the same event, after
/// pauses from 10 ms to 10 s, until it returns or the subscription ends; `status` is then `retrying`. One that ends its
/// thread is not called again: its event, and those behind it, are handed out again to the name's next holder.
///
/// Exceptions are counted, and reported on standard error at most once per second; the next event follows. The handler
/// may end its own Subscription, call exit(), and publish: a publish that would wait for this same subscription returns
/// `back_pressured`. pthread_exit() ends its worker, which is reported on standard error; without a worker the
/// subscription ends. A child that the handler forks gets no further event. It should exec or _exit: when the handler
/// returns in the child, the child's only thread ends, and so the child ends with status 0.
using Handler = std::function<void(const Event&)>;

/// A running handler. Ends when it is destroyed, or when another one is move-assigned to it: it then waits for the
/// handler calls that run, and drops events that are polled but not handled yet. Its own handler may destroy it; that
/// call is then not waited for, and the handler object exists until the call returns. A Subscription that was moved
/// from has the status `closed`, and its counts are 0.
class [[nodiscard]] Subscription {
 public:
  Subscription(Subscription&&) noexcept;
  Subscription& operator=(Subscription&&) noexcept;
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  ~Subscription();

  /// Returns the number of events handled so far, including those whose handler threw. Any thread.
  std::uint64_t handled() const noexcept;
  /// Returns the number of handler calls that threw or ended their thread. They are reported on standard error, at most
  /// once per second. Any thread.
  std::uint64_t handler_errors() const noexcept;
  /// Returns exactly how many sequence numbers were skipped unread, as of the latest poll; see Subscriber::lost. Any
  /// thread.
  std::uint64_t lost() const noexcept;
  /// Returns `ok` while it works. Returns `retrying` while a durable subscription's handler throws, and
  /// `unacknowledged` where a durable subscription's position can't be written. Returns `incomplete` where a matching topic could not be attached (`unattached` lists
  /// them, with the reasons); `corrupt` if a topic's shared memory holds invalid data (that topic is not read any
  /// further); `closed` in a forked child, and once it has ended (it was stopped, its bus was interrupted or removed,
  /// or no worker is left). Any thread.
  Status status() const noexcept;
  /// Returns the matching topics that could not be attached, as of the latest poll, each with the reason; see
  /// Subscriber::unattached. Any thread.
  std::vector<UnattachedTopic> unattached() const;
  /// Returns whether it waits for another subscriber that holds its durable name, as of the latest poll; see
  /// SubscriberOptions::standby. Any thread.
  bool standing_by() const noexcept;
  /// Returns whether a publisher made this reliable subscription lossy, after `demote_after`. Any thread.
  bool demoted() const noexcept;

  /// Waits until it has ended: all handlers have returned, and it no longer holds publishers back. Returns false where
  /// the timeout passed; returns false at once inside its own handler, since it would wait for itself. Any thread.
  bool wait() const noexcept { return wait_for(std::chrono::nanoseconds::max()); }
  template <class Rep, class Period>
  bool wait(std::chrono::duration<Rep, Period> timeout) const noexcept {
    return wait_for(detail::saturated(timeout));
  }

  /// Ends it, and waits as `wait` does. Inside its own handler it does not wait: the subscription ends when the handler
  /// returns. Any thread.
  bool stop() noexcept { return stop_for(std::chrono::nanoseconds::max()); }
  template <class Rep, class Period>
  bool stop(std::chrono::duration<Rep, Period> timeout) noexcept {
    return stop_for(detail::saturated(timeout));
  }

 private:
  friend class Bus;
  explicit Subscription(std::unique_ptr<detail::Dispatcher> dispatcher) noexcept;
  bool wait_for(std::chrono::nanoseconds timeout) const noexcept;
  bool stop_for(std::chrono::nanoseconds timeout) noexcept;

  std::unique_ptr<detail::Dispatcher> dispatcher_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
