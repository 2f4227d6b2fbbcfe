#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "platform/known_descriptor.hpp"
#include "registry/node.hpp"

namespace shmbus::detail {

/// Waits in a thread of its own until the lock of a durable name is free, and rings the bell of the subscription that
/// stands by for it. In one pid namespace it sleeps until the holder's process ends (pidfd), and looks at the lock twenty
/// times a second, since a process may also drop it by executing another program. Otherwise it looks every 5 ms. It
/// never takes the lock, and never blocks in asking for it, which nothing but a signal would end.
class StandbyWatch {
 public:
  /// `byte` is the lock's; `bell` the number of the bell to ring. *Throws* Error.
  StandbyWatch(std::shared_ptr<registry::Node> node, std::uint64_t byte, std::uint64_t bell);
  StandbyWatch(const StandbyWatch&) = delete;
  StandbyWatch& operator=(const StandbyWatch&) = delete;
  ~StandbyWatch();

  /// Whether the lock was free when the watch looked last.
  bool name_free() const noexcept { return free_.load(std::memory_order_acquire); }

 private:
  void watch() noexcept;
  /// Opens the holder's process. Returns -1 where it is not known, or in another pid namespace.
  int open_holder() const noexcept;
  /// Sleeps until that process ends, for a while at most. Returns false where the watch must end.
  bool sleep(int process, int milliseconds) const noexcept;

  std::shared_ptr<registry::Node> node_;
  const std::uint64_t byte_;
  const std::uint64_t bell_;
  platform::KnownDescriptor end_;  // an eventfd: readable when the watch must end
  std::atomic<bool> ending_{false};
  std::atomic<bool> free_{false};
  std::thread thread_;
};

}  // namespace shmbus::detail
