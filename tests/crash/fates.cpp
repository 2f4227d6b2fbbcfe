#include "crash/fates.hpp"

#include <stdexcept>

namespace crash {

const std::map<std::string, std::vector<std::string>>& passes() {
  static const auto found = [] {
    std::map<std::string, std::vector<std::string>> map;
    Reached reached;
    for (const Role& role : all_roles()) {
      reached.clear();
      try {
        play({{.role = &role, .point = ""}}, 2, &reached);
      } catch (const std::exception& error) {
        throw std::runtime_error(std::string(role.name) + ": " + error.what());
      }
      map[role.name] = reached.points();
    }
    return map;
  }();
  return found;
}

std::vector<Fate> fates_at_all_points(int signal, unsigned roles_a_point) {
  std::vector<Fate> fates;
  std::map<std::string, unsigned> count;
  for (const Role& role : all_roles()) {
    for (const std::string& point : passes().at(role.name)) {
      if (++count[point] <= roles_a_point) fates.push_back({.role = &role, .point = point, .signal = signal});
    }
  }
  return fates;
}

}  // namespace crash
