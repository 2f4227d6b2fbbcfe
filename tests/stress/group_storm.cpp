// Processes publish to topics, and share their events in groups: with order by key and without, with a journal and without.
// They are killed, stopped and continued at random. An auditor's books say who holds an event, or a key, for certain: no two
// do. In the end each event was acknowledged, once, or is a dead letter, and nothing is left of the dead.
//
// SHMBUS_STORM_SECONDS says how long; ten minutes by hand:
//
//   SHMBUS_STORM_SECONDS=600 build/release/tests/stress/group_storm [SEED]

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "group_storm/conductor.hpp"
#include "support/time_limits.hpp"

int main(int argc, char** argv) {
  const char* given = std::getenv("SHMBUS_STORM_SECONDS");
  const double seconds = given != nullptr ? std::strtod(given, nullptr) : test::sanitized ? 10 : 20;
  const std::uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : std::random_device{}();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    std::signal(signal, [](int) { group_storm::Conductor::interrupt(); });
  }
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  group_storm::Conductor conductor(seconds, seed);
  std::string failure;
  int status = 0;
  try {
    conductor.run();
  } catch (const group_storm::Interrupted&) {
    failure = "interrupted";
    status = 130;
  } catch (const std::exception& error) {
    failure = std::string("FAIL: ") + error.what();
    status = 1;
  }
  conductor.print_figures();
  std::printf("%s\n", status == 0 ? "PASS" : failure.c_str());
  return status;
}
