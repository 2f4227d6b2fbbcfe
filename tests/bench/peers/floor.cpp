// The cache-line ping-pong: the shortest way for two processes to signal each other.

#include "program.hpp"

int main(int argc, char** argv) {
  constexpr peers::Ability kAbility{
      .name = "floor", .description = "Two processes, one cache line each way", .throughput = false};
  return peers::measure_link(kAbility, shmbus::measure::line_link(), argc, argv);
}
