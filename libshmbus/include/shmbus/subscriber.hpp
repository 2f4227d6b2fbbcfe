#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "shmbus/detail/poll_state.hpp"
#include "shmbus/detail/saturated.hpp"
#include "shmbus/event.hpp"
#include "shmbus/status.hpp"
#include "shmbus/unattached_topic.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

class Bus;

namespace detail {
class SubscriberCore;
}  // namespace detail

/// Reads all topics that match a pattern, including topics created later. Movable; only one thread at a time may use
/// it. A Subscriber that was moved from has nothing to poll, and its status is `closed`.
class [[nodiscard]] Subscriber {
 public:
  Subscriber(Subscriber&&) noexcept;
  Subscriber& operator=(Subscriber&&) noexcept;
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;
  ~Subscriber();

  /// Hands up to `limit` events to `handler(const Event&)`, in place and in sequence order within each topic, and
  /// returns how many. Never waits. An exception of the handler passes through; its event counts as handled. The
  /// handler may destroy this Subscriber, or move-assign another to it: it then gets no further event, and the
  /// subscription ends when poll returns. In a child that the handler forks, poll returns no further events. A durable
  /// subscriber first acknowledges what the poll before handed out, unless it does so by hand; a position that can't be
  /// written shows in `status`. *Throws* Error, `busy`, when called inside this Subscriber's own handler: polls can't be nested.
  template <class Handler>
  std::size_t poll(Handler&& handler, std::size_t limit = 256) {
    if (state_->recorder != nullptr) [[unlikely]] {
      auto call = [&handler](const Event& event) { handler(event); };
      return poll_recorded({&call, [](void* object, const Event& event) { (*static_cast<decltype(call)*>(object))(event); }},
                           limit);
    }
    return poll_topics(handler, limit);
  }

  /// Acknowledges an event of a durable subscriber, and all before it in its topic, by one write to a file in memory or
  /// in the page cache. Also inside the handler, and for a retained event. Returns false where this Subscriber did not
  /// hand it out, or does not read its topic any more. *Throws* Error: `invalid_option` without a durable name; the
  /// system's error where the position can't be written.
  bool acknowledge(const Event& event);
  /// Returns whether it waits for another subscriber that holds its durable name: see SubscriberOptions::standby. Polls
  /// then find nothing. `wait`, and the descriptor of `fd`, notice the other one's end or death within milliseconds. The
  /// next poll goes on after the last event that the other one acknowledged.
  bool standing_by() const noexcept;

  /// Waits until there may be something to poll, by the wait strategy. Returns true when polling may find events.
  /// Returns false when the timeout has passed, the subscriber or its bus was interrupted, or the bus was removed.
  /// `timeout` may be any duration: more than 292 years means no limit; a negative one or NaN means 0.
  bool wait(std::chrono::nanoseconds timeout = std::chrono::nanoseconds::max());
  template <class Rep, class Period>
  bool wait(std::chrono::duration<Rep, Period> timeout) {
    return wait(detail::saturated(timeout));
  }

  /// Makes every wait of this Subscriber return, now and in the future. Any thread. Async-signal-safe.
  void interrupt() noexcept;

  /// Returns exactly how many sequence numbers of the matching topics were skipped unread so far: missed events, and
  /// aborted loans among them. (Aborted loans between events that were read are not counted.)
  std::uint64_t lost() const noexcept;
  /// Returns how many events were handed to handlers.
  std::uint64_t delivered() const noexcept;
  /// Returns how many topics are attached at the moment, without removed ones.
  std::size_t topics() const noexcept;
  /// Returns `closed` if the bus was removed, this is a forked child, or this Subscriber was moved from; `corrupt` if a
  /// topic's shared memory holds invalid data (that topic is not read any further); `incomplete` if a matching topic
  /// could not be attached; else `ok`.
  Status status() const noexcept;
  /// Returns the matching topics that could not be attached, each with the reason: no descriptor or memory left, all
  /// ports taken, no permission, or an owner that is not trusted. They are tried again whenever topics come or go, and
  /// once per stall limit, whether the program uses `poll` alone, `wait` or `fd`. Once attached, a topic is read from
  /// the position where this subscriber would have begun; events that have left the ring by then count as lost.
  std::vector<UnattachedTopic> unattached() const;
  /// Returns whether a publisher made this reliable subscriber lossy, after `demote_after`.
  bool demoted() const noexcept;

  /// Returns a descriptor for poll, select and epoll. It is readable when there may be something to poll. Poll until
  /// nothing is left, then wait on it again. The Subscriber owns it. It needs one more thread, which sleeps. *Throws*
  /// Error.
  int fd();

  std::string_view pattern() const noexcept;

 private:
  friend class Bus;
  explicit Subscriber(std::shared_ptr<detail::SubscriberCore> core) noexcept;

  template <class Handler>
  std::size_t poll_topics(Handler& handler, std::size_t limit);
  std::size_t poll_recorded(detail::ErasedHandler handler, std::size_t limit);

  std::shared_ptr<detail::SubscriberCore> core_;
  detail::PollState* state_;  // in the core; here so that the hot path is one step away
};

// Inline, so that the handler can be inlined.
template <class Handler>
std::size_t Subscriber::poll_topics(Handler& handler, std::size_t limit) {
  detail::PollState& state = *state_;
  if (detail::HandlerScope::innermost() != nullptr) [[unlikely]]
    detail::refuse_nested_poll(state);
  // Acquire: the topic table was written before.
  if (state.pending || state.generation->load(std::memory_order_acquire) != state.seen_generation) [[unlikely]] {
    if (!detail::refresh_topics(core_.get())) return 0;
  }
  struct End {  // runs also when the handler throws; the Subscriber itself may be destroyed by then
    detail::PollState& state;
    ~End() {
      if (state.pending) [[unlikely]]
        detail::end_poll(state);
    }
  } const end{state};
  const auto use = state.check.enter();
  detail::HandlerScope scope(&state);
  std::size_t events = 0;
  const std::size_t count = state.topics.size();
  for (std::size_t i = 0, at = state.first; i < count && events < limit; ++i, ++at) {
    if (at >= count) at = 0;
    detail::TopicReader& topic = *state.topics[at];
    scope.set_origin(topic.source.origin);
    events += topic.path().poll([&](const detail::EventRecord& record) { handler(Event(&topic.source, &topic, record)); },
                              limit - events);
  }
  if (count > 1) state.first = state.first + 1 < count ? state.first + 1 : 0;
  if (events == 0 && --state.empty_polls_left == 0) [[unlikely]]
    detail::nothing_polled(*state.core);
  return events;
}

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
