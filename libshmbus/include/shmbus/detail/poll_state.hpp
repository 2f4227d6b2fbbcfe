#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "shmbus/detail/poll_path.hpp"
#include "shmbus/detail/thread_check.hpp"
#include "shmbus/event.hpp"

#include "shmbus/detail/header_begin.hpp"

// What the inlined poll of a Subscriber works on.
namespace shmbus::detail {

class SubscriberCore;

/// One topic of a subscriber. Lives as long as the subscriber or any event retained from it, and holds the port that
/// long.
class TopicReader : public std::enable_shared_from_this<TopicReader> {
 public:
  virtual ~TopicReader() = default;
  TopicReader(const TopicReader&) = delete;
  TopicReader& operator=(const TopicReader&) = delete;

  EventSource source;
  PollPath& path;

 protected:
  TopicReader(EventSource s, PollPath& p) : source(std::move(s)), path(p) {}
};

/// What polling needs of a SubscriberCore.
struct PollState {
  std::vector<std::shared_ptr<TopicReader>> topics;
  std::size_t first = 0;                                   ///< where the next poll begins, so that none starves
  const std::atomic<std::uint64_t>* generation = nullptr;  ///< changes when topics come and go
  std::uint64_t seen_generation = 0;
  std::uint64_t bus = 0;               ///< incarnation of its bus
  std::uint64_t subscription = 0;      ///< id of its standing subscription, never given twice within the bus
  SubscriberCore* core = nullptr;      ///< whose state this is
  bool hindered = false;               ///< closed, or something is to be tried again: polls look after it first
  std::uint32_t empty_polls_left = 1;  ///< polls that find nothing until the slow things are looked after
  ThreadCheck check;
  std::shared_ptr<SubscriberCore> ended;  ///< itself, from when a handler destroyed its Subscriber until poll returns
};

/// Tells a publish on this thread whose handler runs: it must not wait for the very subscription it holds up. Scopes
/// nest.
class HandlerScope {
 public:
  explicit HandlerScope(const PollState& state) noexcept : state_(&state), outer_(innermost_) { innermost_ = this; }
  HandlerScope(const HandlerScope&) = delete;
  HandlerScope& operator=(const HandlerScope&) = delete;
  ~HandlerScope() { innermost_ = outer_; }

  /// Whether any handler runs on this thread.
  static bool any() noexcept { return innermost_ != nullptr; }
  /// Whether one of the handlers that run on this thread has a state for which `condition(state)` holds.
  template <class Condition>
  static bool any(Condition condition) noexcept {
    for (const HandlerScope* scope = innermost_; scope != nullptr; scope = scope->outer_) {
      if (condition(*scope->state_)) return true;
    }
    return false;
  }

 private:
  static constinit thread_local const HandlerScope* innermost_;
  const PollState* state_;
  const HandlerScope* outer_;
};

PollState& poll_state(SubscriberCore& core) noexcept;
/// False where this subscriber may not poll any more, or was moved from, and so has no core.
bool refresh_topics(SubscriberCore* core) noexcept;
/// Throws Error where the handler that runs on this thread, or one around it, is one of this state's: its event would
/// be overwritten under its hands.
void refuse_nested_poll(const PollState& state);
/// After some polls that found nothing: looks after slow things, and arms the descriptor.
void nothing_polled(SubscriberCore& core) noexcept;
/// After a poll of a hindered subscriber: ends the one whose Subscriber a handler destroyed, `state` with it.
void end_poll(PollState& state) noexcept;

}  // namespace shmbus::detail

#include "shmbus/detail/header_end.hpp"
