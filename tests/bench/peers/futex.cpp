// The raw futex ping-pong: each process sleeps in the kernel until the other wakes it, the cheapest possible wake-up.

#include "program.hpp"

int main(int argc, char** argv) {
  constexpr peers::Ability kAbility{
      .name = "futex", .description = "Two processes that sleep and wake each other by a futex", .throughput = false};
  return peers::measure_link(kAbility, shmbus::measure::futex_link(), argc, argv);
}
