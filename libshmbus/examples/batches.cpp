// Publishes many events at once: quicker than one by one, and in order.

#include <shmbus/shmbus.hpp>

#include <array>
#include <cstdint>
#include <iostream>
#include <string_view>
#include <vector>

struct Sample {
  std::uint64_t time_us;
  double value;
};

int main(int argc, char** argv) {
  auto bus = shmbus::Bus::open(argc > 1 ? argv[1] : "examples");
  auto subscriber = bus.subscriber<Sample>("probe.sample");
  auto publisher = bus.publisher<Sample>("probe.sample");

  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < 1000; ++i) samples.push_back({.time_us = i * 10, .value = 0.5});
  const shmbus::BatchResult result = publisher.publish_all(samples);
  // A batch that stops half-way, for example at an event that is too large, has published the events before it.
  std::cout << result.published() << " events, the first is #" << result.sequence() << '\n';

  double sum = 0;
  while (subscriber.poll([&](const Sample& sample) { sum += sample.value; }) > 0) {
  }
  std::cout << "sum " << sum << '\n';

  auto lines = bus.publisher("log.line");
  constexpr std::array<std::string_view, 3> texts{"started", "working", "ended"};
  std::cout << lines.publish_all(texts).published() << " texts\n";
}

// Prints:
// 1000 events, the first is #1
// sum 500
// 3 texts
