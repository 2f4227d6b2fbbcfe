#pragma once

#include "shmbus/detail/handler_scope.hpp"
#include "shmbus/event.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// Makes an event the cause of all that this thread publishes while the Scope exists, as if its handler ran here. For
/// work that a handler gave to another thread: keep the event with `Event::retain`, and open a Scope where the work is
/// done. Scopes nest, and the innermost counts; inside a handler a Scope takes the place of the handler's event.
///
/// *Requires*: the event (or its RetainedEvent) outlives the Scope; the Scope ends on the thread that opened it, after
/// all Scopes that it opened later. A Scope of a RetainedEvent that was moved from gives no cause.
class [[nodiscard]] Scope {
 public:
  explicit Scope(const Event& event) noexcept;
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  detail::EventRecord event_;
  detail::EventOrigin origin_;
  detail::HandlerScope scope_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
