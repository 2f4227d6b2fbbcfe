#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "measure/distribution.hpp"
#include "measure/ping_pong.hpp"
#include "measure/placement.hpp"
#include "measure/plan.hpp"
#include "measure/rounds.hpp"

namespace shmbus::measure {

enum class Side : std::uint8_t { ping, pong };

/// One way for two processes to play ping-pong. Each process makes its own.
class Link {
 public:
  virtual ~Link() = default;
  /// Plays for so many ticks, as `measure::ping` does, and ends with kLastPing.
  virtual void ping(std::uint64_t ticks, Histogram* histogram) = 0;
  /// Answers until kLastPing.
  virtual void pong() = 0;

 protected:
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
};

struct LinkKind {
  std::string name;
  /// Called in each of the two processes; both meet before the first ping.
  std::function<std::unique_ptr<Link>(Side, Spin)> make;
};

/// The floors, to be measured among the others.
LinkKind line_link(std::string name = "cache line");
LinkKind futex_link(std::string name = "futex");

/// One way, which is half a round trip, in nanoseconds.
struct OneWay {
  std::string name;
  Distribution all;  ///< of all rounds together
  Rounds p50;
  Rounds p99;
  std::vector<CurvePoint> curve;
};

struct RoundTrips {
  Placement placement;
  std::vector<OneWay> links;  ///< in the order of the kinds
};

/// Plays all kinds of links in turn, each round. Throws Failure or Interrupted.
RoundTrips measure_round_trips(const std::vector<LinkKind>& kinds, const Plan& plan);

}  // namespace shmbus::measure
