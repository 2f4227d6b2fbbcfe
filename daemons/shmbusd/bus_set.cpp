#include "bus_set.hpp"

#include <algorithm>
#include <utility>

#include "shmbus/error.hpp"

namespace shmbus::daemon {

void BusSet::choose(std::vector<std::string> names, std::vector<uid_t> owners) {
  const std::lock_guard lock(mutex_);
  names_ = std::move(names);
  std::sort(names_.begin(), names_.end());
  owners_ = std::move(owners);
  inspectors_.clear();  // the accepted owners may have changed
}

std::vector<Look> BusSet::look() {
  const std::lock_guard lock(mutex_);
  const std::vector<std::string> names = names_.empty() ? Inspector::buses() : names_;
  std::erase_if(inspectors_,
                [&](const auto& known) { return !std::binary_search(names.begin(), names.end(), known.first); });
  std::vector<Look> looks;
  for (const std::string& name : names) {
    if (auto look = look_at(name)) looks.push_back(std::move(*look));
  }
  return looks;
}

std::optional<Look> BusSet::look_at(const std::string& bus) {
  try {
    constexpr int tries = 2;  // the second try finds a new bus of the same name, if the old one was removed
    for (int i = 0; i < tries; ++i) {
      auto known = inspectors_.find(bus);
      if (known == inspectors_.end()) known = inspectors_.emplace(bus, Inspector{bus, owners_}).first;
      BusSnapshot snapshot = known->second.snapshot();
      if (!snapshot.removed) {
        std::vector<DurableSnapshot> durables = known->second.durables(snapshot);
        std::vector<GroupSnapshot> groups = known->second.groups(snapshot);
        return Look{bus, std::move(snapshot), {}, std::move(durables), std::move(groups)};
      }
      inspectors_.erase(known);
    }
    return {};
  } catch (const Error& error) {
    inspectors_.erase(bus);
    if (error.code() == ErrorCode::not_found) return {};
    return Look{bus, {}, error.what()};
  }
}

std::vector<Leftover> BusSet::leftovers(const std::string& bus) {
  const std::lock_guard lock(mutex_);
  const auto known = inspectors_.find(bus);
  if (known == inspectors_.end()) return {};
  try {
    return known->second.leftovers();
  } catch (const Error&) {  // the next snapshot reports what is wrong
    return {};
  }
}

}  // namespace shmbus::daemon
