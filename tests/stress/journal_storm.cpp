// Processes publish to journaled topics, record them, and hold durable subscriptions, and are killed, stopped and continued
// at random, recorders above all. In the end each event that was published is in its journal once, or the journal names it
// missing; and each durable subscription was handed each of them, and none again that it had acknowledged.
//
// SHMBUS_STORM_SECONDS says how long; ten minutes by hand:
//
//   SHMBUS_STORM_SECONDS=600 build/release/tests/stress/journal_storm [SEED]
//
// A minute writes some 100 MB to the folder for temporary files.

#include "journal_storm/conductor.hpp"
#include "support/time_limits.hpp"

int main(int argc, char** argv) {
  return test::run_storm<journal_storm::Conductor>(argc, argv, test::sanitized ? 20 : 60);
}
