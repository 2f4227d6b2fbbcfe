// Processes publish to topics, and share their events in groups: with order by key and without, with a journal and without.
// They are killed, stopped and continued at random. An auditor's books say who holds an event, or a key, for certain: no two
// do. In the end each event was acknowledged, once, or is a dead letter, and nothing is left of the dead.
//
// SHMBUS_STORM_SECONDS says how long; ten minutes by hand:
//
//   SHMBUS_STORM_SECONDS=600 build/release/tests/stress/group_storm [SEED]

#include "group_storm/conductor.hpp"
#include "support/time_limits.hpp"

int main(int argc, char** argv) {
  return test::run_storm<group_storm::Conductor>(argc, argv, test::sanitized ? 10 : 20);
}
