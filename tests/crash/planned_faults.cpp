#include "crash/planned_faults.hpp"

#include <set>
#include <stdexcept>

namespace crash {

const std::map<std::string, std::vector<std::string>>& points_of_roles() {
  static const auto found = [] {
    std::map<std::string, std::vector<std::string>> map;
    std::set<std::string> all;
    // Some points are passed only if other processes are quicker: a role that did not pass one may pass it the next time.
    for (int round = 0; round < 3 && all.size() < all_points().size(); ++round) {
      for (const Role& role : all_roles()) {
        Reached reached;
        for (const std::string& point : map[role.name]) reached.add(point);
        try {
          play({{.role = &role, .point = ""}}, 2, &reached);
        } catch (const std::exception& error) {
          throw std::runtime_error(std::string(role.name) + ": " + error.what());
        }
        map[role.name] = reached.points();
        all.insert(map[role.name].begin(), map[role.name].end());
      }
    }
    return map;
  }();
  return found;
}

std::vector<Fault> faults_at_all_points(int signal, unsigned roles_a_point) {
  std::vector<Fault> faults;
  std::map<std::string, unsigned> count;
  for (const Role& role : all_roles()) {
    for (const std::string& point : points_of_roles().at(role.name)) {
      if (++count[point] <= roles_a_point) faults.push_back({.role = &role, .point = point, .signal = signal});
    }
  }
  return faults;
}

}  // namespace crash
