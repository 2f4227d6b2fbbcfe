#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

#include "shmbus/shmbus.hpp"

namespace test {

/// Publishes at a given number of events per second while it exists. It makes up for delays, so that the mean is right
/// however busy the machine is.
class SteadyLoad {
 public:
  SteadyLoad(shmbus::Bus& bus, const std::string& topic, unsigned events_per_second)
      : publisher_(bus.publisher(topic)), thread_([this, events_per_second] {
          const auto step = std::chrono::nanoseconds{std::chrono::seconds{1}} / events_per_second;
          for (auto next = std::chrono::steady_clock::now(); !stop_; std::this_thread::sleep_until(next)) {
            next += step;
            publisher_.publish("0123456789");
          }
        }) {}
  SteadyLoad(const SteadyLoad&) = delete;
  SteadyLoad& operator=(const SteadyLoad&) = delete;
  ~SteadyLoad() {
    stop_ = true;
    thread_.join();
  }

 private:
  shmbus::Publisher publisher_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// A subscriber "behind" of the topic "losses" with a given number of lost events and a given lag.
class KnownLosses {
 public:
  explicit KnownLosses(shmbus::Bus& bus)
      : publisher_(bus.publisher("losses", {.block_size = 4096, .blocks = 4})),
        subscriber_(bus.subscriber("losses", {.name = "behind"})) {
    constexpr std::uint64_t all = 5000;
    for (std::uint64_t i = 0; i < all; ++i) publisher_.publish("0123456789");
    std::uint64_t seen = 0;
    while (subscriber_.lost() == 0) seen += subscriber_.poll([](const shmbus::Event&) {}, 16);
    lost = subscriber_.lost();
    lag = all - lost - seen;
  }

  std::uint64_t lost = 0;
  std::uint64_t lag = 0;

 private:
  shmbus::Publisher publisher_;
  shmbus::Subscriber subscriber_;
};

}  // namespace test
