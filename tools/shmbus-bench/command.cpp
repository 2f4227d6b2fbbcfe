#include "command.hpp"

#include <utility>

namespace shmbus::bench {

void set_action(tool::Command& command, const Settings& settings, Distributions distributions, std::function<int()> run) {
  command.action([name = command.name(), &settings, distributions, run = std::move(run)] {
    if (distributions == Distributions::none && !settings.plot.empty())
      throw tool::UsageError("--plot: " + name + " has no distribution to draw");
    return run();
  });
}

}  // namespace shmbus::bench
