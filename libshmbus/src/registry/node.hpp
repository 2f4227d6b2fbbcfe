#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "platform/fork_guard.hpp"
#include "platform/locked_byte.hpp"
#include "registry/registry.hpp"

namespace shmbus::registry {

/// One process's membership of a bus: an id, the lock that shows it is alive, an entry in the node table and a bell.
/// Any thread.
///
/// N1 The lock on byte `id` is taken before the id is written anywhere in shared memory, and freed after it is cleared.
/// N2 The lock's open file description comes from an open of its own, and one mapping that no child inherits holds it.
/// So only this process's memory keeps the lock, and no descriptor that the process closes drops it.
class Node : private platform::ForkListener {
 public:
  /// *Throws* Error.
  explicit Node(std::shared_ptr<Registry> registry);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node() override;

  std::uint64_t id() const noexcept { return id_; }
  /// Returns the index of its entry, which is also the number of its bell.
  unsigned entry() const noexcept { return entry_; }
  Registry& registry() const noexcept { return *registry_; }

  /// Whether a node is alive, which means: the kernel holds its file lock. Returns true for this node.
  bool alive(std::uint64_t node) const noexcept;

  /// Returns false in a forked child, and where another process cut the registry short.
  bool valid() const noexcept;
  bool forked() const noexcept { return forked_.load(std::memory_order_relaxed); }

  /// The bell at which its publishers sleep while they are held back.
  const std::atomic<std::uint32_t>& bell() const noexcept { return registry_->header().node_table[entry_].bell; }

  /// Frees the table entries of dead nodes. Returns how many.
  unsigned reap() noexcept;

 private:
  Node(std::shared_ptr<Registry> registry, const platform::NoFork& no_fork);
  void in_child() noexcept override;
  unsigned take_entry();

  std::shared_ptr<Registry> registry_;
  std::uint64_t id_ = 0;
  platform::LockedByte lock_;
  unsigned entry_ = 0;
  std::atomic<bool> forked_{false};
};

}  // namespace shmbus::registry
