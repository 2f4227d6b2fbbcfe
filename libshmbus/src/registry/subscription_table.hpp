#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/pattern.hpp"
#include "base/topic_name.hpp"
#include "registry/node.hpp"
#include "shmbus/error.hpp"

namespace shmbus::registry {

/// A standing subscription, as the registry lists it.
struct StandingSubscription {
  std::uint64_t id = 0;
  std::uint64_t node = 0;
  std::uint64_t bell = 0;  ///< its number (layout::kFirstSubscriptionBell)
  uid_t user = 0;
  std::vector<uid_t> owners{};  ///< accepted owners besides `user` and root
  bool all_owners_listed = true;
  bool reliable = false;
  std::uint64_t demote_after = 0;  ///< nanoseconds
  std::string name{};
  std::uint64_t durable = 0;  ///< byte of the lock of its durable name; 0: none
  bool standing_by = false;   ///< another process holds that name: listed without a pattern, so that it gets no port
  base::Pattern pattern;

  /// Whether it accepts the segments of a user, as far as the list shows.
  bool accepts(uid_t owner) const noexcept;
};

/// The standing subscriptions of a bus. The creator of a topic places a port for each matching one, before the first
/// event.
class SubscriptionTable {
 public:
  explicit SubscriptionTable(Node& node) noexcept : node_(node) {}

  /// Lists a subscription of this node, and returns its entry. Sets `id` and `bell`. *Throws* Error.
  unsigned add(StandingSubscription& subscription);
  void remove(unsigned entry) noexcept;
  /// Lists a subscription that stood by, under its id and bell, now with its pattern.
  void end_standby(unsigned entry, const StandingSubscription& subscription) noexcept;
  /// Returns the living node whose subscription holds a durable name; 0 where none is listed.
  std::uint64_t durable_holder(std::uint64_t byte) const noexcept;
  /// Rings the bells of the subscriptions that stand by for a durable name.
  void ring_standbys(std::uint64_t byte) const noexcept;

  /// Returns those of living nodes whose pattern covers a topic.
  std::vector<StandingSubscription> matching(const base::TopicName& topic) const;
  /// Returns all of them, except those whose pattern is corrupt: it covers nothing.
  std::vector<StandingSubscription> all() const;
  bool stands(std::uint64_t id) const noexcept;
  /// Returns the topic generation up to which a subscription has tried to attach all matching topics. Returns nothing
  /// where it is not listed.
  std::optional<std::uint64_t> tried_generation(std::uint64_t id) const noexcept;
  /// Rings the bells of the subscriptions that match a topic. `topic` is its name's text; empty: not known yet.
  void ring_matching(std::string_view topic) const noexcept;
  /// Rings the bell of one subscription.
  void ring(std::uint64_t id) const noexcept;
  /// Rings the bells of this node's subscriptions. Async-signal-safe.
  void ring_own() const noexcept;

  // For the subscriber, about its own entry.
  void show_tried(unsigned entry, std::uint64_t generation) noexcept;
  /// A topic's id, and why the topic could not be attached.
  using Unattached = std::pair<std::uint64_t, ErrorCode>;
  void show_unattached(unsigned entry, std::span<const Unattached> topics) noexcept;

  /// Frees those of dead nodes. Returns how many.
  unsigned reap() noexcept;

 private:
  layout::SubscriptionEntry& at(unsigned entry) const noexcept {
    return node_.registry().header().subscription_table[entry];
  }

  Node& node_;
};

}  // namespace shmbus::registry
