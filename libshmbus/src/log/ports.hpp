#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

#include "log/block_log.hpp"

namespace shmbus::log {

/// A port's bit in the words that have one for each.
constexpr std::uint64_t port_bit(unsigned port) noexcept { return std::uint64_t{1} << port; }

/// Calls `f(port number)` for each set bit.
template <class F>
void for_each_port(std::uint64_t bits, F&& f) {
  for (; bits != 0; bits &= bits - 1) f(static_cast<unsigned>(std::countr_zero(bits)));
}

/// What a subscriber port is for.
struct SubscriberPlace {
  std::uint64_t node = 0;
  std::uint64_t bell = 0;
  std::uint64_t subscription = 0;
  bool reliable = false;
  std::uint64_t demote_after = 0;  ///< nanoseconds
  std::string_view name{};
  bool placed = false;         ///< for another node, or another thread of this one, to adopt
  std::uint64_t hold_for = 0;  ///< nanoseconds; see held_port.hpp
};

/// Takes a free publisher port. Repairs the ports of dead processes if none is free.
std::optional<unsigned> attach_publisher(BlockLog& log) noexcept;
void detach_publisher(BlockLog& log, unsigned port) noexcept;

/// Takes a free subscriber port for this node or another one. Its pin is `pin`, its position `position`.
std::optional<unsigned> attach_subscriber(BlockLog& log, const SubscriberPlace& place, std::uint64_t pin,
                                          std::uint64_t position) noexcept;
/// Adopts a port that was placed for a subscription of this node. Returns false where it was withdrawn in the meantime.
bool adopt_subscriber(BlockLog& log, unsigned port, std::uint64_t subscription) noexcept;
/// Frees a port. *Requires* that this node owns it, or has marked it (kRepairing).
void detach_subscriber(BlockLog& log, unsigned port) noexcept;
/// Makes a port lossy: it holds no publisher back any more.
void make_lossy(BlockLog& log, unsigned port) noexcept;
/// Makes a port lossy and unpinned, so that it holds no publisher back any more. It still belongs to its subscription,
/// and its retained events keep their blocks.
void retire_subscriber(BlockLog& log, unsigned port) noexcept;
/// Frees a port that was placed for a node's subscription and not adopted. Returns false where it belongs to another
/// subscription or was adopted.
bool withdraw_port(BlockLog& log, unsigned port, std::uint64_t node, std::uint64_t subscription) noexcept;

/// Takes the exclusive right. Fails with the living owner's node.
bool take_exclusive(BlockLog& log, std::uint64_t& owner) noexcept;
void leave_exclusive(BlockLog& log) noexcept;

}  // namespace shmbus::log
