#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "layout/group.hpp"
#include "registry/node.hpp"

namespace shmbus::group {

/// The members of a group: an entry for each. Any thread of any member.
///
/// G1 An entry is freed only after no slot names it as a holder any more: a member that ends has ended its leases, and
///    those of a dead one are given back before (Sweep). So a lease that names an entry is of its tenant.
class Members {
 public:
  Members(layout::GroupHeader& shared, const registry::Node& node) noexcept : shared_(&shared), node_(&node) {}

  /// Takes a free entry. Returns nothing where all are in use.
  std::optional<unsigned> join(std::uint64_t bell, std::uint64_t subscription, std::uint64_t walked,
                               std::string_view name) noexcept;
  /// Frees an entry of a node that has ended. Returns false where another process did. G1
  bool free(unsigned member, std::uint64_t owner) noexcept;

  std::uint64_t owner(unsigned member) const noexcept {
    return shared_->members[member].owner.load(std::memory_order_seq_cst);
  }
  bool alive(std::uint64_t owner) const noexcept { return owner != 0 && node_->alive(owner); }
  /// Returns the node that an entry names, where that one is dead; else 0. A system call for an entry of another node.
  std::uint64_t dead_owner(unsigned member) const noexcept {
    const std::uint64_t node = owner(member);
    return node != 0 && !node_->alive(node) ? node : 0;
  }
  /// Returns the entries of dead nodes, a bit each.
  std::uint64_t dead() const noexcept;
  /// Whether a living member of another node has leases.
  bool others_hold() const noexcept;
  /// Returns the sequence behind the last one that any member has walked over.
  std::uint64_t walked() const noexcept;
  /// Shows how far members walked that have died.
  void show_walked(std::uint64_t sequence) noexcept;
  std::uint64_t generation() const noexcept { return shared_->generation.load(std::memory_order_acquire); }

  /// Wakes the members that sleep.
  void wake() noexcept;

 private:
  layout::GroupHeader* shared_;
  const registry::Node* node_;
};

/// Adds the counts of a member that has ended to those of the past: the entry's next tenant begins with none.
void take_counts_out(layout::GroupHeader& shared, layout::GroupMember& m) noexcept;

/// Returns how many leases a member has out.
inline std::uint64_t leases_out(const layout::GroupMember& m) noexcept {
  const std::uint64_t ended = m.acknowledged.load(std::memory_order_seq_cst) +
                              m.given_back.load(std::memory_order_seq_cst) +
                              m.rejected.load(std::memory_order_seq_cst) + m.expired.load(std::memory_order_seq_cst);
  const std::uint64_t leases = m.leases.load(std::memory_order_seq_cst);
  return leases > ended ? leases - ended : 0;
}

}  // namespace shmbus::group
