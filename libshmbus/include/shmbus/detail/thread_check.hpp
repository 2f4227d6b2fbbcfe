#pragma once

#include <atomic>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus::detail {

/// Aborts with a clear message. Not inline.
[[noreturn]] void two_threads_at_once() noexcept;

/// Builds without NDEBUG abort when two threads are inside the same Publisher or Subscriber at once. The size is the
/// same in every build, since a program and the library may be built differently.
class ThreadCheck {
 public:
  class Use {
   public:
    explicit Use([[maybe_unused]] std::atomic<bool>& busy) noexcept : busy_(&busy) {
#ifndef NDEBUG
      if (busy_->exchange(true, std::memory_order_acquire)) two_threads_at_once();
#endif
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() {
#ifndef NDEBUG
      busy_->store(false, std::memory_order_release);
#endif
    }

   private:
    [[maybe_unused]] std::atomic<bool>* busy_;
  };

  ThreadCheck() = default;
  ThreadCheck(ThreadCheck&&) noexcept {}
  ThreadCheck& operator=(ThreadCheck&&) noexcept { return *this; }
  Use enter() const noexcept { return Use(busy_); }

 private:
  mutable std::atomic<bool> busy_{false};
};

}  // namespace shmbus::detail

#include "shmbus/detail/header_end.hpp"
