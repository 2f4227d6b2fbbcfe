#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "shmbus/options.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

class Event;

/// In which order the events of a group are leased.
enum class Order : std::uint8_t {
  any,  ///< about as published; events side by side
  by_key,  ///< events with equal keys in their order and one at a time, through redelivery too; different keys side by side
};

/// How a group works. Whoever creates the group decides; members that come later adopt that, except for the last four,
/// which are each member's own. `Group::different` names what they wanted otherwise.
struct GroupOptions {
  /// How far the newest lease may be ahead of the oldest event that is not settled: 1,024 to 262,144 events, rounded up to
  /// a power of two. Each takes 32 bytes of /dev/shm, or of the disk where the topic has a journal.
  std::size_t window = 65'536;
  /// Leases out at one time, in all members; 0: as many as the window allows.
  std::size_t in_flight = 0;
  /// How long a living holder may be silent: then its lease ends, and the event is leased again. The death of a holder ends
  /// its leases at once. 10 ms to a week.
  std::chrono::nanoseconds lease = std::chrono::seconds{30};
  /// How long `Lease::extend` can hold an event in all; 0: ten times `lease`.
  std::chrono::nanoseconds lease_most{0};
  /// An event that was leased so often and not settled becomes a dead letter; 0: it is leased without end.
  unsigned max_deliveries = 5;
  /// How long an event waits after its first lease, its second, ..., that did not settle it; the last counts for all later
  /// ones. At most 8, each up to a week. From the thousandth lease on it waits two seconds at least.
  std::vector<std::chrono::nanoseconds> backoff = {std::chrono::milliseconds{100}, std::chrono::seconds{1},
                                                   std::chrono::seconds{10}};
  /// Topic that dead letters are published to. *Default*: `<topic>.dead`.
  std::string dead_letters{};
  Order order = Order::any;
  /// Where a new group begins. A topic that does not exist yet is read from its first event.
  Start start = Start::latest();
  /// On a topic without a journal: how long a group without a living member still holds publishers back. Afterwards it
  /// loses what leaves the ring, and counts that. 1 ms to a week.
  std::chrono::nanoseconds abandon_after = std::chrono::minutes{1};

  WaitStrategy wait = WaitStrategy::balanced();
  std::string name{};  ///< of this member, shown by monitors; at most 63 bytes
  /// Order by key: returns the key of an event. All members must use the same function. *Default*: `Event::key()`.
  std::function<std::string(const Event&)> key{};
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
