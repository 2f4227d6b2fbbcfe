// What a flight recorder costs: the same events are handled with one and without, in turns, round by round. Prints the
// medians of the rounds. Run it on a machine that does nothing else.
//
//   recorder_cost [ROUNDS]

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "shmbus/shmbus.hpp"

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint64_t kEmpty = 1'000'000, kBusy = 100'000;  // events of a round

/// Works for about a microsecond.
void work_1us() {
  const auto end = Clock::now() + std::chrono::microseconds{1};
  while (Clock::now() < end) {
  }
}

/// Nanoseconds an event, from the first handler call to the last.
double handle(shmbus::Bus& bus, std::uint64_t events, bool busy, std::size_t record_calls) {
  std::atomic<bool> done{false};
  Clock::time_point first, last;
  std::uint64_t handled = 0;
  const auto subscription = bus.subscribe(
      "t",
      [&](const shmbus::Event&) {
        if (handled == 0) first = Clock::now();
        if (busy) work_1us();
        if (++handled != events) return;
        last = Clock::now();
        done = true;
      },
      {.subscriber = {.start = shmbus::Start::last(events), .record_calls = record_calls}});
  while (!done) ::usleep(1000);
  return std::chrono::duration<double, std::nano>(last - first).count() / static_cast<double>(events - 1);
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void compare(shmbus::Bus& bus, const char* what, std::uint64_t events, bool busy, int rounds) {
  std::vector<double> without, with, ratios;
  for (int i = 0; i < rounds; ++i) {
    without.push_back(handle(bus, events, busy, 0));
    with.push_back(handle(bus, events, busy, 4096));
    ratios.push_back(without.back() / with.back());
  }
  const double off = median(without), on = median(with);
  std::printf("%-14s %8.1f ns a call, %8.1f with a recorder: %5.1f more; %6.2f million/s; throughput %.3f of without\n",
              what, off, on, on - off, 1e3 / on, median(ratios));
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc == 2 ? std::atoi(argv[1]) : 15;
  const std::string name = "recorder-cost-" + std::to_string(::getpid());
  {
    shmbus::Bus bus = shmbus::Bus::open(name);
    shmbus::Publisher publisher = bus.publisher("t", {.block_size = std::size_t{1} << 20, .blocks = 256});
    const std::string payload(64, 'x');
    for (std::uint64_t i = 0; i < kEmpty; ++i) publisher.publish(payload);
    compare(bus, "empty handler", kEmpty, false, rounds);
    compare(bus, "1 us handler", kBusy, true, rounds);
  }
  shmbus::Bus::remove(name);
}
