#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "registry/registry.hpp"
#include "shmbus/snapshot.hpp"

namespace shmbus::detail {

/// The nodes of a bus in one snapshot. The state of each is read once.
class NodeList {
 public:
  explicit NodeList(const registry::Registry& registry);

  /// Returns a node by its id, listed or not. A node that is not listed may be dead, or just about to enter.
  NodeSnapshot& at(std::uint64_t id);
  std::vector<NodeSnapshot> take();

 private:
  struct Entry {
    NodeSnapshot node;
    bool listed = false;
  };
  const registry::Registry* registry_;
  std::map<std::uint64_t, Entry> nodes_;
};

}  // namespace shmbus::detail
