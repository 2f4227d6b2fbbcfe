#pragma once

#include <cstdint>

#include "shmbus/detail/event_record.hpp"
#include "shmbus/detail/poll_path.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus::detail {

struct PollState;

/// Where the events of a handler come from: one topic, for one subscription.
struct EventOrigin {
  std::uint64_t bus = 0;
  std::uint64_t topic = 0;
  std::uint64_t call_base = 0;  ///< what the ids of its handler calls follow from
  // One of the two: what hands them out, or the only event.
  const PollPath* path = nullptr;
  const EventRecord* event = nullptr;
};

/// Shows a publish on this thread which handlers run here. It must not wait for the subscription that it delays itself,
/// and its event names the one that is handled as its cause. Scopes nest.
class HandlerScope {
 public:
  /// For handlers of a poll state; null: there is a cause, and no subscription that is delayed.
  explicit HandlerScope(const PollState* state) noexcept : state_(state), outer_(innermost_) { innermost_ = this; }
  HandlerScope(const HandlerScope&) = delete;
  HandlerScope& operator=(const HandlerScope&) = delete;
  ~HandlerScope() { innermost_ = outer_; }

  /// Where the events come from that the handler gets from now on. Must be called before the handler.
  void set_origin(const EventOrigin& origin) noexcept { origin_ = &origin; }

  /// Null where no handler runs on this thread.
  static const HandlerScope* innermost() noexcept { return innermost_; }
  const EventOrigin& origin() const noexcept { return *origin_; }
  /// Of the event that is handled.
  std::uint64_t sequence() const noexcept {
    return origin_->path != nullptr ? origin_->path->current_sequence() : origin_->event->sequence;
  }
  bool extended() const noexcept {
    return origin_->path != nullptr ? origin_->path->current_is_extended() : origin_->event->extensions != nullptr;
  }
  /// Of its record, the sequence and where its extensions lie.
  EventRecord event() const noexcept { return origin_->path != nullptr ? origin_->path->current() : *origin_->event; }

  /// Whether one of the handlers that run on this thread has a state for which `condition(state)` holds.
  template <class Condition>
  static bool any(Condition condition) noexcept {
    for (const HandlerScope* scope = innermost_; scope != nullptr; scope = scope->outer_) {
      if (scope->state_ != nullptr && condition(*scope->state_)) return true;
    }
    return false;
  }

 private:
  // In a shared library, too, this costs a publish two instructions: it lies in the room that the loader keeps for such.
  static constinit thread_local const HandlerScope* innermost_ [[gnu::tls_model("initial-exec")]];
  const PollState* state_;
  const HandlerScope* outer_;
  const EventOrigin* origin_;
};

}  // namespace shmbus::detail

#include "shmbus/detail/header_end.hpp"
