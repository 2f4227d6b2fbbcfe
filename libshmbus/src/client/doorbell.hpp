#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>

#include "platform/known_descriptor.hpp"
#include "registry/node.hpp"

namespace shmbus::detail {

/// Turns a subscription's bell, a futex, into a descriptor that can be polled: a thread sleeps at the bell while the
/// descriptor is armed.
class Doorbell {
 public:
  /// *Throws* Error.
  Doorbell(std::shared_ptr<registry::Node> node, std::atomic<std::uint32_t>& bell);
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;
  ~Doorbell();

  int descriptor() const noexcept { return descriptor_.get(); }

  /// Makes the descriptor unreadable, until `ring`.
  void clear() noexcept;
  /// Makes it readable when the bell no longer shows `count`, or after `longest`.
  void arm(std::uint32_t count, std::chrono::nanoseconds longest) noexcept;
  /// Makes it readable.
  void ring() noexcept;

 private:
  void watch() noexcept;
  void rouse() noexcept;

  std::shared_ptr<registry::Node> node_;
  std::atomic<std::uint32_t>& bell_;
  platform::KnownDescriptor descriptor_;
  std::atomic<std::uint32_t> armed_{0};  // 0: not, 1: armed, 2: to end
  std::atomic<std::uint32_t> count_{0};  // of the bell; `armed_` publishes it, and the next member
  std::atomic<std::int64_t> longest_ns_{0};
  std::atomic<std::int64_t> sleeping_ns_{0};  // how long the current sleep of the watcher lasts at most
  std::thread watcher_;
};

}  // namespace shmbus::detail
