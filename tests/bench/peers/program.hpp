#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "job.hpp"
#include "measure/flow.hpp"
#include "measure/payload.hpp"
#include "measure/role_processes.hpp"
#include "measure/round_trips.hpp"
#include "measure/spin.hpp"

namespace peers {

using shmbus::measure::Failure;
using shmbus::measure::Spin;

enum class Side : std::uint8_t { first, second };  ///< the first sends first

/// Measures a peer as the command line says, prints one line of JSON, and returns the exit code.
///
/// A Peer has `kAbility`; `Peer(const Job&)`, made before the two processes are forked; and `Peer::End(Peer&, Side,
/// Spin)`, made in each of them, with
///
///     void send(std::uint64_t number);    // a message of the job's size that carries the number; waits for room
///     std::uint64_t receive();            // waits for the next message, and returns its number
template <class Peer>
int measure_peer(int argc, char** argv);

/// The job's one round of a ping-pong. Returns the exit code.
int measure_latency(const Ability& ability, const Job& job, const shmbus::measure::LinkKind& link);
/// The same for a stream.
int measure_throughput(const Ability& ability, const Job& job, const shmbus::measure::FlowKind& flow);

/// The `main` of programs without a Peer, which only have a link.
int measure_link(const Ability& ability, const shmbus::measure::LinkKind& link, int argc, char** argv);

// ------------------------------------------------------------------------------------------------------------------

/// The number of a message. Throws if the message is not intact.
inline std::uint64_t read_number(std::span<const std::byte> message, shmbus::measure::Touch touch) {
  bool whole = true;
  const std::uint64_t number = shmbus::measure::read_number(message, touch, whole);
  if (!whole) [[unlikely]]
    throw Failure("a message's first and last word disagree");
  return number;
}

template <class Peer>
class PeerLink final : public shmbus::measure::Link {
 public:
  PeerLink(Peer& peer, Side side, Spin spin) : end_(peer, side, spin) {}

  void ping(std::uint64_t ticks, shmbus::measure::Histogram* histogram) override {
    shmbus::measure::ping(ticks, histogram, [this](std::uint64_t number) {
      end_.send(number);
      if (end_.receive() != number) throw Failure("a message came back with another number");
    });
  }
  void pong() override {
    for (std::uint64_t number = 0; number != shmbus::measure::kLastPing;) {
      number = end_.receive();
      end_.send(number);
    }
  }

 private:
  typename Peer::End end_;
};

template <class Peer>
class PeerSender final : public shmbus::measure::Sender {
 public:
  PeerSender(Peer& peer, Spin spin, std::size_t size)
      : end_(peer, Side::first, spin), per_clock_(size >= std::size_t{64} * 1024 ? 1 : 64) {}
  std::uint64_t send(std::uint64_t ticks) override {
    return shmbus::measure::send_for(ticks, per_clock_, [this](std::uint64_t number) { end_.send(number); });
  }

 private:
  typename Peer::End end_;
  unsigned per_clock_;
};

template <class Peer>
class PeerReceiver final : public shmbus::measure::Receiver {
 public:
  PeerReceiver(Peer& peer, Spin spin) : end_(peer, Side::second, spin) {}

  shmbus::measure::Received receive(unsigned /*senders*/) override {
    shmbus::measure::Received seen;
    for (std::uint64_t expected = 1;; ++expected) {
      const std::uint64_t number = end_.receive();
      if (expected == 1) [[unlikely]]
        seen.first = shmbus::measure::CycleClock::now();
      ++seen.events;
      if (number == expected) [[likely]]
        continue;
      if (number != shmbus::measure::kLastEvent) throw Failure("a message is missing");
      seen.last = shmbus::measure::CycleClock::now();
      return seen;
    }
  }

 private:
  typename Peer::End end_;
};

template <class Peer>
int measure_peer(int argc, char** argv) {
  return with_job(Peer::kAbility, argc, argv, [](const Job& job) {
    Peer peer(job);
    if (job.measure == Job::Measure::latency) {
      return measure_latency(Peer::kAbility, job,
                             {.name = Peer::kAbility.name, .make = [&peer](shmbus::measure::Side side, Spin spin) {
                                return std::make_unique<PeerLink<Peer>>(
                                    peer, side == shmbus::measure::Side::ping ? Side::first : Side::second, spin);
                              }});
    }
    return measure_throughput(
        Peer::kAbility, job,
        {.name = Peer::kAbility.name,
         .sender = [&](unsigned, Spin spin) { return std::make_unique<PeerSender<Peer>>(peer, spin, job.size); },
         .receiver = [&](unsigned, Spin spin) { return std::make_unique<PeerReceiver<Peer>>(peer, spin); }});
  });
}

}  // namespace peers
