#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "log/ports.hpp"

namespace shmbus::log {

// Ports that outlive their owners. A port with `hold_for` keeps a place in the ring under a name. When its owner ends or
// dies, the port stays where it is, reliable, and marked kHeld. The next holder of the name takes it over.
//
// K1 From the first holder's place to the next one's take-over the port gates, unless publishers have waited `hold_for`.
// K2 That time begins when it first holds a publisher back after its owner's end (`held_since`): no clock of the owner's
//    is needed, and nobody waits longer because of it. Then any publisher that it holds makes it lossy, and frees it.
// K3 At most one process at a time may take a name; a lock above the log sees to that. Only the holder of that lock calls
//    the functions here that take a name.

/// Whether a port is kept: it is held already, or its owner is dead, and it is held from now on. Any process.
bool keep_port(BlockLog& log, unsigned port) noexcept;
/// Ends the use of a port with `hold_for`, and keeps it. One that is lossy by now is freed. *Requires* that this node
/// owns it.
void leave_held_port(BlockLog& log, unsigned port) noexcept;
/// Takes over the port that is kept under the place's name, and gives it what the place says. Its pin stays. Returns
/// nothing where none is kept.
std::optional<unsigned> take_held_port(BlockLog& log, const SubscriberPlace& place) noexcept;
/// Frees a port that is held. Returns false where it was taken over, or another process frees it.
bool free_held_port(BlockLog& log, unsigned port) noexcept;
/// Frees the ports that are kept under a name.
void free_held_ports(BlockLog& log, std::string_view name) noexcept;

}  // namespace shmbus::log
