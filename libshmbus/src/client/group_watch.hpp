#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "platform/known_descriptor.hpp"
#include "registry/node.hpp"

namespace shmbus::detail {

/// Watches the nodes of a group's other members in a thread of its own, and says when one has ended: so its leases are
/// given back within milliseconds. In one pid namespace it sleeps until the process ends (pidfd), and asks the node's lock
/// again after it has opened that. It looks at the locks now and then as well, but only while others hold leases: every
/// 50 ms, since executing another program ends a node without ending its process; every 5 ms where a process can't be
/// watched. It never takes a node's lock. Any thread.
class GroupWatch {
 public:
  /// `ended` is called by the thread, once for each node. *Throws* Error.
  GroupWatch(std::shared_ptr<registry::Node> node, std::function<void()> ended);
  GroupWatch(const GroupWatch&) = delete;
  GroupWatch& operator=(const GroupWatch&) = delete;
  ~GroupWatch();

  /// The nodes to watch from now on, and whether they hold leases. Cheap where nothing changed.
  void follow(const std::vector<std::uint64_t>& nodes, bool hold) noexcept;

 private:
  struct Watched {
    std::uint64_t node;
    platform::KnownDescriptor process;  // a pidfd; none: it can't be watched
    bool ended = false;
  };
  void watch() noexcept;
  void update();
  void look() noexcept;
  void wake() noexcept;

  std::shared_ptr<registry::Node> node_;
  std::function<void()> ended_;
  std::mutex mutex_;
  std::vector<std::uint64_t> nodes_;  // under `mutex_`
  bool changed_ = false;              // under `mutex_`
  std::atomic<bool> hold_{false};
  std::atomic<bool> ending_{false};
  std::vector<Watched> watched_;    // the thread's
  platform::KnownDescriptor bell_;  // an eventfd
  std::thread thread_;
};

}  // namespace shmbus::detail
