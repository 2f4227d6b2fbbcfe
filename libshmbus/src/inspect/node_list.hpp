#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "registry/registry.hpp"
#include "shmbus/snapshot.hpp"

namespace shmbus::detail {

/// The nodes of a bus at one look, each asked for once.
class NodeList {
 public:
  explicit NodeList(const registry::Registry& registry);

  /// A node by its id, listed or not: one that is not may be dead, or about to enter itself.
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
