#pragma once

#include <cstddef>
#include <memory>
#include <shmbus/options.hpp>
#include <string>
#include <string_view>

#include "measure/flow.hpp"
#include "measure/payload.hpp"
#include "measure/round_trips.hpp"

namespace shmbus::bench {

/// How a process waits for an event.
enum class Waiting : std::uint8_t {
  poll,      ///< spins with poll alone
  spin,      ///< Subscriber::wait with WaitStrategy::spin
  balanced,  ///< the same, balanced
  sleep,     ///< the same, asleep at once
};
/// By the name the command line gives it. Throws std::invalid_argument.
Waiting waiting_named(std::string_view name);
measure::Touch touch_named(std::string_view name);

/// What the ends of a link or flow over the bus are made of.
struct BusEnds {
  std::string bus;
  std::string topic;  ///< a link has two, with ".ping" and ".pong" appended
  TopicOptions options{};
  std::size_t size = 64;  ///< of a payload
  measure::Touch touch = measure::Touch::ends;
  bool loaned = false;  ///< written in place
  Waiting waiting = Waiting::poll;
  Delivery delivery = Delivery::reliable;
  std::size_t batch = 256;   ///< limit of a poll
  std::size_t together = 1;  ///< a flow's events that one publish_all publishes; 1: each by a publish
};

measure::LinkKind bus_link(std::string name, const BusEnds& ends);
measure::FlowKind bus_flow(std::string name, const BusEnds& ends);

/// Throws std::invalid_argument where the block size is none, or a payload does not fit a block.
void check_fits(const TopicOptions& options, std::size_t size);

/// What the rings of so many topics take of /dev/shm.
std::uint64_t ring_bytes(const TopicOptions& options, std::size_t topics);

}  // namespace shmbus::bench
