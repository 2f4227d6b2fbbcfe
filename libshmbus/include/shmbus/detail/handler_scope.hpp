#pragma once

#include <cstdint>

#include "shmbus/detail/event_record.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus::log { class HandledEvent; }  // reads what is private here

namespace shmbus::detail {

class PollPath;
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

 private:
  friend class shmbus::log::HandledEvent;

  // In a shared library, too, this costs a publish two instructions: it lies in the room that the loader keeps for such.
  static constinit thread_local const HandlerScope* innermost_ [[gnu::tls_model("initial-exec")]];
  const PollState* state_;
  const HandlerScope* outer_;
  const EventOrigin* origin_;
};

}  // namespace shmbus::detail

#include "shmbus/detail/header_end.hpp"
