#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "shmbus/shmbus.hpp"

namespace crash {

/// What is known of each event of a group, in memory that victim and survivors share. What a holder does with an event
/// follows from its number, so that whoever handles it again does the same.
struct GroupBooks {
  static constexpr std::uint64_t kEvents = 60, kKeys = 4;

  std::array<std::atomic<std::uint32_t>, kEvents + 1> acknowledging{};  ///< acknowledgements that were begun
  std::array<std::atomic<std::uint32_t>, kEvents + 1> acknowledged{};   ///< that returned `ok`
  std::atomic<std::uint64_t> order_broken{0};

  static bool rejected(std::uint64_t sequence) { return sequence % 10 == 5; }
  /// Whether nothing is left to do for an event, as far as its holders know.
  bool may_be_settled(std::uint64_t sequence) const { return rejected(sequence) || acknowledging[sequence] != 0; }
};

/// Leases end soon, and are given back at once.
shmbus::GroupOptions group_options(shmbus::Order order);
void publish_for_group(shmbus::Publisher& publisher, std::uint64_t count);

/// Takes events until none comes for `patience`: acknowledges most, gives back, extends, rejects, and lets some expire.
void handle_events(shmbus::Group& group, GroupBooks& books, std::chrono::milliseconds patience);

/// Checks that each event was acknowledged once, or is a dead letter; that the group holds nothing, and that its floor is
/// at the end. `sure`: no victim died between the start of an acknowledgement and its end.
void check_group(shmbus::Bus& bus, const std::string& bus_name, const GroupBooks& books, bool victim_acknowledged);

}  // namespace crash
