#pragma once

#include <cxxabi.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/bus_core.hpp"
#include "layout/constants.hpp"
#include "platform/once_per_second.hpp"
#include "shmbus/event.hpp"
#include "shmbus/status.hpp"
#include "shmbus/subscription.hpp"
#include "shmbus/unattached_topic.hpp"
#include "trace/recorded_call.hpp"

namespace shmbus::detail {

/// What the workers of one subscription do, and what they share. It exists until the Subscription and all workers are gone,
/// so that a handler may end its own subscription.
class WorkerLoop {
 public:
  WorkerLoop(std::shared_ptr<BusCore> bus, Handler handler, std::string pattern, std::size_t workers)
      : bus_(std::move(bus)),
        handler_(std::move(handler)),
        pattern_(std::move(pattern)),
        workers_(workers),
        alive_(workers) {}
  WorkerLoop(const WorkerLoop&) = delete;
  WorkerLoop& operator=(const WorkerLoop&) = delete;
  virtual ~WorkerLoop() = default;

  /// Does one worker's work, until the subscription ends.
  virtual void run() = 0;
  /// Takes the place of `run` for a worker whose thread could not be started.
  virtual void give_up() noexcept = 0;
  /// Makes the workers end when their handlers return. Any thread.
  virtual void end() noexcept = 0;
  /// Waits until the last worker has ended. Returns false when the time is over, or when a worker calls it, which would
  /// wait for itself.
  bool wait(std::chrono::nanoseconds timeout) noexcept;
  bool forked() const noexcept { return bus_->node().forked(); }

  std::uint64_t handled() const noexcept { return handled_.load(std::memory_order_relaxed); }
  std::uint64_t errors() const noexcept { return errors_.load(std::memory_order_relaxed); }
  virtual std::uint64_t lost() noexcept = 0;
  virtual Status status() noexcept = 0;
  virtual bool demoted() noexcept = 0;
  virtual bool standing_by() const noexcept = 0;
  virtual std::vector<UnattachedTopic> unattached() = 0;

 protected:
  /// Calls `call()`. Returns false where it threw, and reports that; `then` is what happens to the event.
  template <class Call>
  __attribute__((noinline, no_sanitize("null"))) bool call_once(const Event& event, const char* then, Call call);
  void count_handled() noexcept;
  /// This thread works for the subscription from now on; or does not any more.
  void enter() noexcept;
  void leave() noexcept;
  /// A worker has ended, and in which way. Returns how many are left.
  std::size_t worker_ended(bool returned) noexcept;
  /// All workers have ended.
  void set_ended() noexcept;
  bool ended() const noexcept { return ended_.load(std::memory_order_acquire) != 0; }
  bool stopping() const noexcept { return stop_.load(std::memory_order_acquire) || bus_->interrupted(); }

  std::shared_ptr<BusCore> bus_;
  Handler handler_;
  const std::string pattern_;
  const std::size_t workers_;
  std::atomic<bool> stop_{false};
  std::atomic<std::size_t> alive_;  // workers

 private:
  bool count_error(const Event& event) noexcept;
  void report(const Event& event, const char* what, const char* then) noexcept;

  std::atomic<std::uint32_t> ended_{0};  // 1: the last worker has ended; a futex
  std::atomic<std::uint64_t> errors_{0};
  platform::OncePerSecond reports_{};
  alignas(layout::kLine) std::atomic<std::uint64_t> handled_{0};
};

/// A forced unwinding has no exception object, so the reference to it refers to null: in a function of its own, which the
/// sanitizer leaves alone.
template <class Call>
bool WorkerLoop::call_once(const Event& event, const char* then, Call call) {
  try {
    call();
    return true;
#if defined(__GLIBCXX__)
  } catch (const abi::__forced_unwind&) {  // pthread_exit or pthread_cancel: must not be stopped
    count_error(event);
    count_handled();
    throw;
#endif
  } catch (const std::exception& e) {
    report(event, e.what(), then);
  } catch (...) {
    report(event, trace::kNoException, then);
  }
  return false;
}

}  // namespace shmbus::detail
