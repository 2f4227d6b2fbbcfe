// Publishers and readers of one log, each a node of its own, as threads of one process. Blocks and ring are small, so
// that rotation, reuse and lapping happen all the time. Publishers and readers die at any step, a reaper runs, and more
// readers start later. After each round the ledgers are balanced: what was published, what each reader saw, and what it
// counted as lost.
//
//   threads_log [--seconds N] [--seed N] [--verbose]

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string_view>
#include <thread>

#include "threads_log/failure.hpp"
#include "threads_log/plan.hpp"
#include "threads_log/round.hpp"

int main(int argc, char** argv) {
  using namespace threads_log;
  double seconds = 4;
  bool verbose = false;
  std::uint64_t seed = std::random_device{}();
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--verbose") {
      verbose = true;
    } else if (option == "--seconds" && i + 1 < argc) {
      seconds = std::strtod(argv[++i], nullptr);
    } else if (option == "--seed" && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 0);
    } else {
      std::fprintf(stderr, "usage: %s [--seconds N] [--seed N] [--verbose]\n", argv[0]);
      return 2;
    }
  }
  std::printf("seed %lu (repeat with --seed %lu)\n", seed, seed);
  std::fflush(stdout);

  std::atomic<std::uint64_t> rounds{0};
  std::thread([&rounds] {  // the watchdog
    for (std::uint64_t last = 0, same = 0;; last = rounds) {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      same = rounds == last ? same + 1 : 0;
      if (same > 100) fail("a round does not end");
    }
  })
      .detach();

  Random random(seed);
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  std::uint64_t sequences = 0;
  do {
    const Plan plan = make_plan(random);
    char text[300];
    std::snprintf(text, sizeof text,
                  "round %lu: %u blocks, %s, %u publishers, %u lossy, %u reliable, memory %u%s%s%s%s, seed %lu",
                  rounds.load(), plan.log.blocks, plan.log.exclusive ? "exclusive" : "shared", plan.publishers,
                  plan.lossy, plan.reliable, plan.memory, plan.deaths ? ", deaths" : "", plan.stalls ? ", stalls" : "",
                  plan.aborts ? ", aborts" : "", plan.come_and_go ? ", come and go" : "", seed);
    round_text = text;
    sequences += std::make_unique<Round>(plan, random())->run(verbose);
    ++rounds;
  } while (std::chrono::steady_clock::now() < until);
  std::printf("%lu rounds, %lu sequences\n", rounds.load(), sequences);
  return 0;
}
