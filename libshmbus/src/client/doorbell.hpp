#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>

#include "registry/node.hpp"

namespace shmbus::detail {

/// Turns a node's bell, a futex, into a descriptor that can be polled: a thread sleeps at the bell while the descriptor
/// is armed.
class Doorbell {
 public:
  /// Throws Error.
  Doorbell(std::shared_ptr<registry::Node> node, std::chrono::nanoseconds longest_sleep);
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;
  ~Doorbell();

  int descriptor() const noexcept { return descriptor_; }

  /// Makes the descriptor unreadable, until `ring`.
  void clear() noexcept;
  /// Makes it readable when the node's bell no longer shows `bell`, or after the longest sleep.
  void arm(std::uint32_t bell) noexcept;
  /// Makes it readable.
  void ring() noexcept;

 private:
  void watch() noexcept;

  std::shared_ptr<registry::Node> node_;
  std::chrono::nanoseconds longest_sleep_;
  int descriptor_;
  std::atomic<std::uint32_t> armed_{0};  // 0: not, 1: armed, 2: to end
  std::atomic<std::uint32_t> bell_{0};
  std::thread watcher_;
};

}  // namespace shmbus::detail
