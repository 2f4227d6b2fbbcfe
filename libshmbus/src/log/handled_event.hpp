#pragma once

#include <cstdint>

#include "shmbus/detail/event_record.hpp"
#include "shmbus/detail/handler_scope.hpp"
#include "shmbus/detail/poll_path.hpp"

namespace shmbus::log {

/// The event that a handler on this thread handles: what a HandlerScope shows.
class HandledEvent {
 public:
  explicit HandledEvent(const detail::HandlerScope& scope) noexcept : origin_(scope.origin_) {}

  const detail::EventOrigin& origin() const noexcept { return *origin_; }
  std::uint64_t sequence() const noexcept {
    return origin_->path != nullptr ? origin_->path->next_sequence_ - 1 : origin_->event->sequence;
  }
  /// Whether it has extensions.
  bool extended() const noexcept {
    return origin_->path != nullptr ? origin_->path->extended_sequence_ == origin_->path->next_sequence_ - 1
                                    : origin_->event->extensions != nullptr;
  }
  /// Its record, where it has extensions: the sequence, where they lie, and the payload that ends them.
  detail::EventRecord record() const noexcept {
    if (origin_->path == nullptr) return *origin_->event;
    detail::EventRecord record;
    record.sequence = sequence();
    record.extensions = origin_->path->extensions_;
    record.payload = origin_->path->extensions_end_;
    return record;
  }

  /// Whether one of the handlers that run on this thread has a state for which `condition(state)` holds.
  template <class Condition>
  static bool any_handler(Condition condition) noexcept {
    for (const auto* scope = detail::HandlerScope::innermost_; scope != nullptr; scope = scope->outer_) {
      if (scope->state_ != nullptr && condition(*scope->state_)) return true;
    }
    return false;
  }

 private:
  const detail::EventOrigin* origin_;
};

}  // namespace shmbus::log
