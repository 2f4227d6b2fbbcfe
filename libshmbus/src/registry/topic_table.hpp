#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/node.hpp"

namespace shmbus::registry {

/// The topics of a bus, as the registry lists them. The segments are the truth; the table is how subscribers learn of
/// them.
///
/// A creator announces a topic before it reads the standing subscriptions, and a subscriber lists its subscription
/// before it reads the topics: so the creator sees the subscription, or the subscriber the announcement.
class TopicTable {
 public:
  explicit TopicTable(Node& node) noexcept : node_(node) {}

  struct Topic {
    unsigned entry;
    std::uint64_t id;
    std::string name;
  };

  /// Changes whenever a topic comes or goes.
  const std::atomic<std::uint64_t>& generation() const noexcept { return node_.registry().header().topic_generation; }

  std::vector<Topic> ready() const;
  /// Names that living nodes are creating, and those that dead ones have left so.
  struct Unfinished {
    unsigned entry;
    std::uint64_t state;
    std::string name;  ///< empty while it is filled in
    bool creator_alive;
  };
  std::vector<Unfinished> unfinished() const;

  /// An entry for a topic this node is about to create. Throws Error.
  unsigned announce(std::string_view name);
  /// Takes the entry back.
  void withdraw(unsigned entry) noexcept;
  /// Says that the topic with this id exists now. Any node may, for any entry of that name; rings all bells.
  void make_ready(unsigned entry, std::uint64_t id) noexcept;
  /// Frees what a dead creator left.
  void discard(const Unfinished& unfinished) noexcept;

  std::optional<unsigned> find_ready(std::string_view name, std::uint64_t id) const;
  /// Takes a topic off the list.
  void remove(std::string_view name) noexcept;

 private:
  void changed() noexcept;
  layout::TopicEntry& at(unsigned entry) const noexcept { return node_.registry().header().topic_table[entry]; }

  Node& node_;
};

}  // namespace shmbus::registry
