#include <chrono>
#include <vector>

#include <shmbus/bus.hpp>

#include "common/events.hpp"
#include "common/response_times.hpp"
#include "demo/demonstration.hpp"
#include "demo/failure.hpp"

namespace demo {

double measure_publish(const std::string& bus_name) {
  using Clock = std::chrono::steady_clock;
  constexpr unsigned batches = 200;
  constexpr unsigned batch = 5000;
  shmbus::Bus bus = shmbus::Bus::open(bus_name);
  auto publisher = bus.publisher<streaming::WatchStarted>("demo.publish_cost");
  streaming::WatchStarted watch{.user = 1, .video = 1, .time = 1, .rating = 5};
  std::vector<std::uint64_t> picoseconds;
  for (unsigned i = 0; i < 2 * batches; ++i) {
    const Clock::time_point began = Clock::now();
    for (unsigned j = 0; j < batch; ++j) {
      ++watch.video;
      if (const auto result = publisher.try_publish(watch); !result) {
        throw Failure(std::string("a publish failed: ") + shmbus::to_string(result.status()));
      }
    }
    const auto time = std::chrono::nanoseconds{Clock::now() - began};
    // The first half goes once round the ring and fetches its memory, which happens once in a topic's life.
    if (i >= batches) picoseconds.push_back(static_cast<std::uint64_t>(time.count()) * 1000 / batch);
  }
  return static_cast<double>(streaming::quantile(picoseconds, 0.5)) / 1000;
}

}  // namespace demo
