#pragma once

#include <map>
#include <string>
#include <vector>

#include "crash/scene.hpp"

namespace crash {

/// Which points each role passes; found by letting each run once.
const std::map<std::string, std::vector<std::string>>& passes();

/// Each point, in up to so many roles.
std::vector<Fate> fates_at_all_points(int signal, unsigned roles_a_point);

}  // namespace crash
