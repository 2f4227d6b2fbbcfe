#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "registry/node.hpp"

namespace shmbus::registry {

/// A standing subscription, as the registry lists it.
struct StandingSubscription {
  std::uint64_t id = 0;
  std::uint64_t node = 0;
  std::uint64_t bell = 0;
  uid_t user = 0;
  bool reliable = false;
  std::uint64_t demote_after = 0;  ///< nanoseconds
  std::string name;
  std::string pattern;
};

/// The standing subscriptions of a bus. Whoever creates a topic places a port for each that matches, before the first
/// event.
class SubscriptionTable {
 public:
  explicit SubscriptionTable(Node& node) noexcept : node_(node) {}

  /// Lists a subscription of this node, and returns its entry. Fills `id`. Throws Error.
  unsigned add(StandingSubscription& subscription);
  void remove(unsigned entry) noexcept;

  /// Those of living nodes whose pattern covers a topic.
  std::vector<StandingSubscription> matching(std::string_view topic) const;
  std::vector<StandingSubscription> all() const;
  bool stands(std::uint64_t id) const noexcept;

  /// Frees those of dead nodes; how many.
  unsigned reap() noexcept;

 private:
  layout::SubscriptionEntry& at(unsigned entry) const noexcept {
    return node_.registry().header().subscription_table[entry];
  }

  Node& node_;
};

}  // namespace shmbus::registry
