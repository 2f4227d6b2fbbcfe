#include "threads_log/plan.hpp"

namespace threads_log {

Plan make_plan(Random& random) {
  Plan plan;
  plan.log.blocks = 2u << below(random, 3);
  plan.log.timestamps = chance(random, 2);
  plan.log.alignment = 8u << below(random, 4);
  plan.log.exclusive = chance(random, 4);
  plan.log.seed = random();
  plan.publishers = plan.log.exclusive ? 1 : 1 + static_cast<unsigned>(below(random, 4));
  plan.lossy = static_cast<unsigned>(below(random, 3));
  plan.reliable = static_cast<unsigned>(below(random, 3));
  if (plan.lossy + plan.reliable == 0) plan.lossy = 1;
  plan.deaths = chance(random, 2);
  plan.stalls = chance(random, 3);
  plan.aborts = chance(random, 2);
  plan.come_and_go = chance(random, 2);
  plan.largest = chance(random, 2) ? 64 : 700;
  // A publisher that died in a rotation keeps a block, a reader pins one, and each of its retained events may pin another.
  if (chance(random, 3)) plan.memory = plan.log.blocks + 4 + static_cast<std::uint32_t>(below(random, 40));
  return plan;
}

}  // namespace threads_log
