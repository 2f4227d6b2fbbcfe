#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "measure/cycle_clock.hpp"
#include "measure/placement.hpp"
#include "measure/plan.hpp"
#include "measure/rounds.hpp"
#include "measure/spin.hpp"

namespace shmbus::measure {

/// The number of a sender's last event in a round.
inline constexpr std::uint64_t kLastEvent = ~std::uint64_t{0};

/// One process that sends as fast as it can. Each makes its own.
class Sender {
 public:
  virtual ~Sender() = default;
  /// Sends for so many ticks, then kLastEvent; how many it sent, the last included. `send_for` is the loop.
  virtual std::uint64_t send(std::uint64_t ticks) = 0;

 protected:
  Sender() = default;
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
};

/// What one receiver saw in a round, by the cycle counter.
struct Received {
  std::uint64_t events = 0;  ///< those that end a sender's part included
  std::uint64_t lost = 0;
  std::uint64_t first = 0;  ///< when the first was seen
  std::uint64_t last = 0;   ///< when the last was
};

/// One process that receives as fast as it can. Each makes its own.
class Receiver {
 public:
  virtual ~Receiver() = default;
  /// Receives until each of so many senders has sent kLastEvent.
  virtual Received receive(unsigned senders) = 0;

 protected:
  Receiver() = default;
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
};

/// Sends numbers from 1 by `send(number)`, and looks at the clock now and then.
template <class Send>
std::uint64_t send_for(std::uint64_t ticks, unsigned per_clock, Send&& send) {
  std::uint64_t sent = 0;
  for (const std::uint64_t began = CycleClock::now(); CycleClock::now() - began < ticks;) {
    for (unsigned i = 0; i < per_clock; ++i) send(++sent);
  }
  send(kLastEvent);
  return sent + 1;
}

struct FlowKind {
  std::string name;
  std::function<std::unique_ptr<Sender>(unsigned number, Spin)> sender;  ///< called in each sender's process
  std::function<std::unique_ptr<Receiver>(unsigned number, Spin)> receiver;
};

struct Flow {
  std::string name;
  Rounds rate;               ///< events a second of the slowest receiver, from its first to its last
  Rounds total;              ///< of all receivers together
  std::uint64_t events = 0;  ///< received, all rounds and receivers together
  std::uint64_t sent = 0;    ///< by all senders
  std::uint64_t lost = 0;    ///< by all receivers
};

struct Flows {
  Placement placement;
  std::vector<Flow> flows;  ///< in the order of the kinds
};

/// Lets all kinds flow in turn, each round. Throws Failure or Interrupted.
Flows measure_flows(const std::vector<FlowKind>& kinds, unsigned senders, unsigned receivers, const Plan& plan);

}  // namespace shmbus::measure
