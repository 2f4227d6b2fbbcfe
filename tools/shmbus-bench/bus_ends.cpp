#include "bus_ends.hpp"

#include <bit>
#include <initializer_list>
#include <stdexcept>
#include <utility>

#include "event_writer.hpp"

namespace shmbus::bench {

using measure::Failure;
using measure::kLastEvent;
using measure::kLastPing;
using measure::Side;
using measure::Spin;

namespace {

WaitStrategy strategy(Waiting waiting) {
  if (waiting == Waiting::sleep) return WaitStrategy::sleep();
  return waiting == Waiting::balanced ? WaitStrategy::balanced() : WaitStrategy::spin();
}

SubscriberOptions subscriber_options(const BusEnds& ends) {
  SubscriberOptions options;
  options.delivery = ends.delivery;
  options.wait = strategy(ends.waiting);
  return options;
}

class BusLink final : public measure::Link {
 public:
  BusLink(const BusEnds& ends, Side side, Spin spin)
      : bus_(Bus::open(ends.bus)),
        in_(bus_.subscriber(ends.topic + (side == Side::ping ? ".pong" : ".ping"), subscriber_options(ends))),
        out_(bus_, ends.topic + (side == Side::ping ? ".ping" : ".pong"), ends),
        touch_(ends.touch),
        batch_(ends.batch),
        wait_(ends.waiting != Waiting::poll),
        spin_(spin) {}

  void ping(std::uint64_t ticks, measure::Histogram* histogram) override {
    measure::ping(ticks, histogram, [this](std::uint64_t n) {
      out_.write(n);
      if (receive() != n) throw Failure("an answer has a wrong number");
    });
  }

  void pong() override {
    for (std::uint64_t n = 0; n != kLastPing;) {
      n = receive();
      out_.write(n);
    }
  }

 private:
  std::uint64_t receive() {
    std::uint64_t number = 0;
    bool whole = true;
    const auto handler = [&](const Event& event) { number = measure::read_number(event.payload(), touch_, whole); };
    while (in_.poll(handler, batch_) == 0) {
      if (wait_)
        in_.wait();
      else
        spin_();
    }
    if (!whole) throw Failure("an event's first and last word disagree");
    return number;
  }

  Bus bus_;
  Subscriber in_;
  EventWriter out_;
  measure::Touch touch_;
  std::size_t batch_;
  bool wait_;
  Spin spin_;
};

class BusSender final : public measure::Sender {
 public:
  explicit BusSender(const BusEnds& ends)
      : bus_(Bus::open(ends.bus)), out_(bus_, ends.topic, ends), per_clock_(ends.size >= 64 * 1024 ? 1 : 64) {}

  std::uint64_t send(std::uint64_t ticks) override {
    return measure::send_for(ticks, per_clock_, [this](std::uint64_t number) { out_.write(number); });
  }

 private:
  Bus bus_;
  EventWriter out_;
  unsigned per_clock_;
};

class BusReceiver final : public measure::Receiver {
 public:
  BusReceiver(const BusEnds& ends, Spin spin)
      : bus_(Bus::open(ends.bus)),
        in_(bus_.subscriber(ends.topic, subscriber_options(ends))),
        touch_(ends.touch),
        batch_(ends.batch),
        reliable_(ends.delivery == Delivery::reliable),
        wait_(ends.waiting != Waiting::poll),
        spin_(spin) {}

  measure::Received receive(unsigned senders) override {
    measure::Received seen;
    const std::uint64_t lost_before = in_.lost();
    unsigned going = senders;
    bool whole = true;
    bool ordered = true;
    std::uint64_t last_sequence = 0;
    const auto handler = [&](const Event& event) {
      const std::uint64_t number = measure::read_number(event.payload(), touch_, whole);
      ordered = ordered && event.sequence() > last_sequence;
      last_sequence = event.sequence();
      if (number == kLastEvent) [[unlikely]]
        --going;
    };
    while (going != 0) {
      // The first alone, since the clock starts when it is seen.
      const std::size_t events = in_.poll(handler, seen.events == 0 ? 1 : batch_);
      if (events == 0) {
        if (wait_)
          in_.wait();
        else
          spin_();
        continue;
      }
      if (seen.events == 0) [[unlikely]]
        seen.first = measure::CycleClock::now();
      seen.events += events;
    }
    seen.last = measure::CycleClock::now();
    seen.lost = in_.lost() - lost_before;
    if (!whole) throw Failure("an event's first and last word disagree");
    if (!ordered) throw Failure("an event came out of order");
    if (reliable_ && seen.lost != 0)
      throw Failure("a reliable subscriber lost " + std::to_string(seen.lost) + " events");
    return seen;
  }

 private:
  Bus bus_;
  Subscriber in_;
  measure::Touch touch_;
  std::size_t batch_;
  bool reliable_;
  bool wait_;
  Spin spin_;
};

}  // namespace

Waiting waiting_named(std::string_view name) {
  if (name == "poll") return Waiting::poll;
  if (name == "spin") return Waiting::spin;
  if (name == "balanced") return Waiting::balanced;
  if (name == "sleep") return Waiting::sleep;
  throw std::invalid_argument("expected poll, spin, balanced or sleep, found '" + std::string(name) + "'");
}

measure::Touch touch_named(std::string_view name) {
  for (const measure::Touch touch : {measure::Touch::first, measure::Touch::ends, measure::Touch::all}) {
    if (name == measure::to_string(touch)) return touch;
  }
  throw std::invalid_argument("expected first, ends or all, found '" + std::string(name) + "'");
}

measure::LinkKind bus_link(std::string name, const BusEnds& ends) {
  return {.name = std::move(name),
          .make = [ends](Side side, Spin spin) { return std::make_unique<BusLink>(ends, side, spin); }};
}

measure::FlowKind bus_flow(std::string name, const BusEnds& ends) {
  return {.name = std::move(name),
          .sender = [ends](unsigned, Spin) { return std::make_unique<BusSender>(ends); },
          .receiver = [ends](unsigned, Spin spin) { return std::make_unique<BusReceiver>(ends, spin); }};
}

void check_fits(const TopicOptions& options, std::size_t size) {
  constexpr std::size_t kHead = 64;  // of a record, and what follows it, at most
  if (!std::has_single_bit(options.block_size)) {
    throw std::invalid_argument("--block-size: expected a power of two, found " + std::to_string(options.block_size));
  }
  if (size + kHead > options.block_size) {
    throw std::invalid_argument("payload: expected at most " + std::to_string(options.block_size - kHead) +
                                " bytes, which fit a block, found " + std::to_string(size) +
                                "; give a larger --block-size");
  }
}

/// One block more than the ring holds, as the guide says, and some pages for the control segment.
std::uint64_t ring_bytes(const TopicOptions& options, std::size_t topics) {
  constexpr std::uint64_t kControl = std::uint64_t{64} << 10;
  return topics * ((std::bit_ceil(options.blocks) + 1) * std::uint64_t{options.block_size} + kControl);
}

}  // namespace shmbus::bench
