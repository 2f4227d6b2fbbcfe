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
/// Reads a name of the command line. Throws std::invalid_argument.
Waiting waiting_named(std::string_view name);
measure::Touch touch_named(std::string_view name);

/// Options of the ends of a link or flow over the bus.
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
  std::size_t together = 1;  ///< how many events of a flow each publish_all publishes; 1: single publishes
};

measure::LinkKind bus_link(std::string name, const BusEnds& ends);
measure::FlowKind bus_flow(std::string name, const BusEnds& ends);

/// Throws std::invalid_argument if the block size is invalid, or a payload does not fit a block.
void check_fits(const TopicOptions& options, std::size_t size);

/// How much of /dev/shm the rings of a number of topics take.
std::uint64_t ring_bytes(const TopicOptions& options, std::size_t topics);

}  // namespace shmbus::bench
