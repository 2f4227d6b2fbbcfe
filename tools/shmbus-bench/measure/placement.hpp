#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace shmbus::measure {

/// The cores this process may run on, one of each physical core first, then their second threads.
std::vector<int> allowed_cores();

/// Which core each role runs on. Every role has a core of its own where there are enough; else none is pinned, and
/// `why` says so.
struct Placement {
  std::vector<int> cores;  ///< one a role; empty where none is pinned
  std::string why;         ///< empty where all are pinned

  bool pinned() const noexcept { return !cores.empty(); }
  /// Whether more roles may want to run than there are cores. Who spins must then yield.
  bool crowded = false;
};

/// `asked` are the user's cores, in the order of the roles, which may have more than roles; empty: choose. Throws
/// std::invalid_argument where one is not allowed or is given twice.
Placement place(std::size_t roles, bool pin = true, const std::vector<int>& asked = {});

/// False where the kernel refuses.
bool pin_to(int core) noexcept;

/// Keys: pinned, cores, why.
nlohmann::ordered_json to_json(const Placement& placement);

}  // namespace shmbus::measure
