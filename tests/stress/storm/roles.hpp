#pragma once

#include <string>
#include <vector>

#include "storm/stage.hpp"
#include "support/storm_crew.hpp"

namespace storm {

using test::Harm;

/// A seat in the storm. A process that is killed there is replaced.
struct Role {
  std::string name;
  Act act;
  unsigned topic = kShared;
  Harm harm = Harm::none;
  bool publishes = false;     ///< publishes to one of kTopics: its death may leave a claim
  bool keeps_ledger = false;  ///< a reader that lives from the begin to the end
  bool first = false;         ///< the others start when it is ready
};

/// The seats of a storm with the given numbers of publishers and readers that are killed, and of all other processes.
std::vector<Role> all_roles(unsigned publishers, unsigned readers);

}  // namespace storm
