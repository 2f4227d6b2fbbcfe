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

/// What `Bus::subscribe` calls for each event, on the subscription's own worker thread, in which all signals are
/// blocked.
///
/// What it throws is counted and reported on standard error, at most once a second, and the next event goes on. It may
/// end its own Subscription, call exit(), and publish: a publish that would wait for this very subscription returns
/// `back_pressured`. After pthread_exit() its worker is gone, which is reported on standard error; without a worker the
/// subscription ends. A child that it forks is given no further event: it should exec or _exit, for when the handler
/// returns there, the child's only thread, and so the child, ends with status 0.
using Handler = std::function<void(const Event&)>;

/// A handler at work. Ends when destroyed, or when another one is moved over it: waits for the handler calls that run,
/// and calls none for what is polled and not handled yet. May be destroyed by its own handler; then the call that does
/// so is not waited for, and the handler lives until it returns. One that was moved from says `closed`, and counts 0.
class [[nodiscard]] Subscription {
 public:
  Subscription(Subscription&&) noexcept;
  Subscription& operator=(Subscription&&) noexcept;
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  ~Subscription();

  /// Events handled so far, those whose handler threw included. Any thread.
  std::uint64_t handled() const noexcept;
  /// Handler calls that threw, or ended their thread. Each is reported on standard error, at most once a second. Any
  /// thread.
  std::uint64_t handler_errors() const noexcept;
  /// Exactly how many sequence numbers were passed unseen, as of the latest poll; see Subscriber::lost. Any thread.
  std::uint64_t lost() const noexcept;
  /// `ok` while it works. `incomplete` where a topic that matches could not be attached (`unattached` tells which, and
  /// why). `corrupt` if a topic's shared memory holds bytes that cannot be right (that topic is read no further).
  /// `closed` once it has ended (it was stopped, its bus was interrupted or removed, or no worker is left), and in a
  /// forked child. Any thread.
  Status status() const noexcept;
  /// Returns the matching topics that could not be attached, as of the latest poll, each with the reason; see
  /// Subscriber::unattached. Any thread.
  std::vector<UnattachedTopic> unattached() const;
  /// True once a publisher made this reliable subscription lossy, after `demote_after`. Any thread.
  bool demoted() const noexcept;

  /// Waits until it has ended: all handlers have returned, and it holds no publisher back any more. False: `timeout`
  /// passed. False at once in its own handler, which it would wait for. Any thread.
  bool wait() const noexcept { return wait_for(std::chrono::nanoseconds::max()); }
  template <class Rep, class Period>
  bool wait(std::chrono::duration<Rep, Period> timeout) const noexcept {
    return wait_for(detail::saturated(timeout));
  }

  /// Ends it, and waits as `wait` does. In its own handler it ends when the handler returns. Any thread.
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
