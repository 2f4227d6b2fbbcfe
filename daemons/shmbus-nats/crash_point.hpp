#pragma once

#include <array>
#include <string_view>

namespace shmbus::bridge {

/// The steps at which the tests kill the bridge, in their order.
inline constexpr std::array<std::string_view, 14> crash_points{
    "out.polled",      // an event was read from the bus, and is not in the window
    "out.planned",     // its place in the stream is in the state file; it was not sent
    "out.sent",        // nats.c has it
    "out.acked",       // JetStream has it; its position is not in the state file
    "out.positioned",  // its position is in the state file
    "out.drained",     // in recovery: no more answers are expected
    "out.numbered",    // in recovery: what is not in the stream has new places
    "in.received",     // a message came
    "in.claimed",      // its event is claimed
    "in.pending",      // the state file says so
    "in.committed",    // its event is committed
    "in.finished",     // the state file says so
    "in.acked",        // JetStream has the acknowledgement
    "in.unsubscribed"  // its consumer was deleted, to be made again
};

/// What a test has called at each step. Null outside of tests.
inline void (*crash_hook)(std::string_view point) = nullptr;

inline void crash_point(std::string_view point) {
  if (crash_hook != nullptr) [[unlikely]]
    crash_hook(point);
}

}  // namespace shmbus::bridge
