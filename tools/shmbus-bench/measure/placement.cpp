#include "measure/placement.hpp"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <utility>

namespace shmbus::measure {

namespace {

int topology(int core, const char* what) {
  std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(core) + "/topology/" + what);
  int value = core;  // without the file each counts as a core of its own
  file >> value;
  return value;
}

std::vector<int> allowed() {
  std::vector<int> cores;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(static_cast<unsigned>(core), &set)) cores.push_back(core);
  }
  return cores;
}

}  // namespace

std::vector<int> allowed_cores() {
  std::vector<int> first;
  std::vector<int> second;
  std::set<std::pair<int, int>> seen;
  for (const int core : allowed()) {
    const bool is_new = seen.emplace(topology(core, "physical_package_id"), topology(core, "core_id")).second;
    (is_new ? first : second).push_back(core);
  }
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Placement place(std::size_t roles, bool pin, const std::vector<int>& asked) {
  const std::vector<int> have = allowed_cores();
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const int core = asked[i];
    if (std::find(have.begin(), have.end(), core) == have.end())
      throw std::invalid_argument("core " + std::to_string(core) + ": expected a core this process may run on");
    if (std::find(asked.begin(), asked.begin() + static_cast<std::ptrdiff_t>(i), core) !=
        asked.begin() + static_cast<std::ptrdiff_t>(i))
      throw std::invalid_argument("core " + std::to_string(core) + ": expected each core once");
  }
  const std::vector<int>& from = asked.empty() ? have : asked;
  Placement placement;
  placement.crowded = from.size() < roles;
  if (!pin) {
    placement.why = "not asked for";
  } else if (placement.crowded) {
    placement.why = "more processes (" + std::to_string(roles) + ") than cores (" + std::to_string(from.size()) + ")";
  } else {
    placement.cores.assign(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(roles));
  }
  return placement;
}

bool pin_to(int core) noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(core), &set);
  return ::sched_setaffinity(0, sizeof set, &set) == 0;
}

nlohmann::ordered_json to_json(const Placement& placement) {
  return {{"pinned", placement.pinned()}, {"cores", placement.cores}, {"why", placement.why}};
}

}  // namespace shmbus::measure
