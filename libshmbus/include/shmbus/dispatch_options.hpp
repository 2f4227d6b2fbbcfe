#pragma once

#include <cstddef>
#include <string>

#include "shmbus/group_options.hpp"
#include "shmbus/options.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// How `Bus::subscribe` calls a handler.
struct DispatchOptions {
  /// With a group, of these only `name`, `wait` and `record_calls`; other ones are refused.
  SubscriberOptions subscriber{};
  /// Joins this group (see Group), and calls the handler with each event that is leased to this member. The event is
  /// acknowledged when the handler returns, and given back when it throws. The pattern names one topic. *Default*: empty,
  /// no group.
  std::string group{};
  GroupOptions group_options{};  ///< its `wait` and `name` are those of `subscriber`
  /// Threads that call the handler, 1 to 64. Several threads handle events in no particular order.
  std::size_t workers = 1;
  /// Events that are queued for other workers and not handled yet, 1 to 1,048,576. When the queue is full, the polling
  /// worker handles the event itself: no worker polls in the meantime, and nothing is dropped. Only used with several
  /// workers: a single worker handles each event in place.
  std::size_t queue = 1024;
  /// Bytes of copies in the queue, for events whose block can't be pinned (eight blocks per topic can). When they are
  /// used up, the polling worker handles the event itself.
  std::size_t queue_bytes = std::size_t{16} * 1024 * 1024;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
