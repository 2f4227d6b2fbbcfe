#pragma once

#include <map>
#include <string>
#include <vector>

#include "crash/scene.hpp"

namespace crash {

/// Which points each role passes, found by running each role once.
const std::map<std::string, std::vector<std::string>>& points_of_roles();

/// A fault at each point, in a bounded number of roles.
std::vector<Fault> faults_at_all_points(int signal, unsigned roles_a_point);

}  // namespace crash
