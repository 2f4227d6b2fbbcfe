#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/topic_name.hpp"
#include "registry/node.hpp"

namespace shmbus::registry {

/// The topics of a bus, as the registry lists them. A topic exists if its segments do; subscribers find it by the
/// table.
///
/// The process that finishes a topic makes it ready before it reads the standing subscriptions. A subscriber lists its
/// subscription before it reads the topics. So the process sees the subscription, or the subscriber sees the topic.
class TopicTable {
 public:
  explicit TopicTable(Node& node) noexcept : node_(node) {}

  /// A copy of an entry. Its state never occurs again, so a step that starts from this state is done only once.
  struct Topic {
    unsigned entry = 0;
    std::uint64_t state = 0;
    std::uint64_t id = 0;                   ///< incarnation of the topic
    std::optional<base::TopicName> name{};  ///< nothing while the entry is being filled

    layout::TopicPhase phase() const noexcept { return layout::topic_phase(state); }
    std::uint64_t creator() const noexcept { return layout::topic_creator(state); }
  };

  /// Changes whenever a topic comes or goes.
  const std::atomic<std::uint64_t>& generation() const noexcept { return node_.registry().header().topic_generation; }

  /// Returns the topics whose segments exist.
  std::vector<Topic> ready() const;
  /// Returns the topics that are not finished: announced but not ready, or ready but not `notified`.
  std::vector<Topic> unfinished() const;
  std::optional<Topic> find(const base::TopicName& name, std::uint64_t id) const;

  /// Takes an entry for a topic that this node is about to create. *Throws* Error.
  Topic announce(const base::TopicName& name, std::uint64_t id);
  /// Marks that the segments exist. Any node may. Returns true if this call changed the entry.
  bool make_ready(Topic& topic) noexcept;
  /// Notifies the subscribers: changes the generation, and rings the bells of those that match. Any node may, more than
  /// once.
  void notify(const Topic& topic) noexcept;
  /// Takes an entry off the list. Returns false where another process changed it.
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
