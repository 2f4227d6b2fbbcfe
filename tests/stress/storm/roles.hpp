#pragma once

#include <string>
#include <vector>

#include "storm/stage.hpp"

namespace storm {

enum class Harm { none, stops, kills };  ///< who is killed is stopped, too

/// A place in the storm. Who is killed there is replaced.
struct Role {
  std::string name;
  Act act;
  unsigned topic = kShared;
  Harm harm = Harm::none;
  bool publishes = false;   ///< to one of kTopics: its death may leave a claim
  bool keeps_ledger = false;  ///< a reader that lives from the begin to the end
  bool first = false;       ///< the others start when it is ready
};

/// So many publishers and readers that are killed, beside the others.
std::vector<Role> all_roles(unsigned publishers, unsigned readers);

}  // namespace storm
