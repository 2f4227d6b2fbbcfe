#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/topic_name.hpp"
#include "registry/node.hpp"

namespace shmbus::registry {

/// The topics of a bus, as the registry lists them. The segments are the truth; the table is how subscribers learn of
/// them.
///
/// Whoever finishes a topic makes it ready before it reads the standing subscriptions, and a subscriber lists its
/// subscription before it reads the topics: so the one sees the subscription, or the other the topic.
class TopicTable {
 public:
  explicit TopicTable(Node& node) noexcept : node_(node) {}

  /// An entry as it was seen. Its state never comes again, so what is done from it is done once.
  struct Topic {
    unsigned entry = 0;
    std::uint64_t state = 0;
    std::uint64_t id = 0;                   ///< incarnation of the topic
    std::optional<base::TopicName> name{};  ///< nothing while it is filled in, else always one

    layout::TopicPhase phase() const noexcept { return layout::topic_phase(state); }
    std::uint64_t creator() const noexcept { return layout::topic_creator(state); }
  };

  /// Changes whenever a topic comes or goes.
  const std::atomic<std::uint64_t>& generation() const noexcept { return node_.registry().header().topic_generation; }

  /// Topics whose segments are there.
  std::vector<Topic> ready() const;
  /// Those on their way: announced and not ready, or ready and not told.
  std::vector<Topic> unfinished() const;
  std::optional<Topic> find(const base::TopicName& name, std::uint64_t id) const;

  /// An entry for a topic this node is about to create. Throws Error.
  Topic announce(const base::TopicName& name, std::uint64_t id);
  /// The segments are there. Any node may say so. True where it was this call.
  bool make_ready(Topic& topic) noexcept;
  /// Tells the subscribers: changes the generation, rings the bells of those that match. Any node may, more than once.
  void tell(const Topic& topic) noexcept;
  /// Takes an entry off the list. False where somebody else changed it.
  bool discard(const Topic& topic) noexcept;

 private:
  template <class Wanted>
  std::vector<Topic> collect(Wanted wanted) const;
  void changed(const Topic& topic) noexcept;
  layout::TopicEntry& at(unsigned entry) const noexcept { return node_.registry().header().topic_table[entry]; }

  Node& node_;
  std::atomic<std::uint64_t> serial_{0};
};

}  // namespace shmbus::registry
