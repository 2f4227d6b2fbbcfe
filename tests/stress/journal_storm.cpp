// Processes publish to journaled topics, record them, and hold durable subscriptions, and are killed, stopped and continued
// at random, recorders above all. In the end each event that was published is in its journal once, or the journal names it
// missing; and each durable subscription was handed each of them, and none again that it had acknowledged.
//
// SHMBUS_STORM_SECONDS says how long; ten minutes by hand:
//
//   SHMBUS_STORM_SECONDS=600 build/release/tests/stress/journal_storm [SEED]
//
// A minute writes some 100 MB to the folder for temporary files.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "journal_storm/conductor.hpp"
#include "support/time_limits.hpp"

int main(int argc, char** argv) {
  const char* given = std::getenv("SHMBUS_STORM_SECONDS");
  const double seconds = given != nullptr ? std::strtod(given, nullptr) : test::sanitized ? 20 : 60;
  const std::uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : std::random_device{}();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    std::signal(signal, [](int) { journal_storm::Conductor::interrupt(); });
  }
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  journal_storm::Conductor conductor(seconds, seed);
  std::string failure;
  int status = 0;
  try {
    conductor.run();
  } catch (const journal_storm::Interrupted&) {
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
