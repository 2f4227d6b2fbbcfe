#include "client/doorbell.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "platform/descriptor.hpp"
#include "platform/futex.hpp"
#include "platform/quiet_thread.hpp"
#include "platform/system_error.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::detail {

namespace {
constexpr std::uint32_t kIdle = 0, kArmed = 1, kEnd = 2;
}

Doorbell::Doorbell(std::shared_ptr<registry::Node> node, std::atomic<std::uint32_t>& bell)
    : node_(std::move(node)),
      bell_(bell),
      descriptor_(platform::open_descriptor([] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); })) {
  if (descriptor_.get() < 0) throw platform::system_error(errno, "the subscriber's descriptor", "an eventfd");
  watcher_ = platform::start_quiet_thread("the subscriber's descriptor", [this] { watch(); });
}

Doorbell::~Doorbell() {
  if (node_->forked()) {
    new std::thread(
        std::move(watcher_));  // the child has no such thread to join, only its handle, which must not be destroyed
    return;
  }
  armed_.store(kEnd, std::memory_order_seq_cst);
  armed_.notify_all();
  rouse();
  watcher_.join();
}

void Doorbell::clear() noexcept {
  if (!descriptor_.is_open()) return;
  std::uint64_t count;
  while (::read(descriptor_.get(), &count, sizeof count) < 0 && errno == EINTR) {
  }
}

void Doorbell::ring() noexcept {
  if (!descriptor_.is_open()) return;
  const std::uint64_t one = 1;
  while (::write(descriptor_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void Doorbell::arm(std::uint32_t count, std::chrono::nanoseconds longest) noexcept {
  count_.store(count, std::memory_order_relaxed);  // published by `armed_`
  longest_ns_.store(longest.count(), std::memory_order_seq_cst);
  std::uint32_t idle = kIdle;
  if (armed_.compare_exchange_strong(idle, kArmed, std::memory_order_acq_rel))
    armed_.notify_all();
  else if (sleeping_ns_.load(std::memory_order_seq_cst) > longest.count())
    rouse();  // it would sleep too long: it makes the descriptor readable, and the next empty poll arms it again
}

void Doorbell::rouse() noexcept {
  bell_.fetch_add(1, std::memory_order_seq_cst);
  platform::futex_wake_all(bell_);
}

void Doorbell::watch() noexcept {
  for (;;) {
    armed_.wait(kIdle, std::memory_order_acquire);
    if (armed_.load(std::memory_order_acquire) == kEnd) return;
    const std::uint32_t count = count_.load(std::memory_order_relaxed);
    const std::int64_t longest = longest_ns_.load(std::memory_order_seq_cst);
    sleeping_ns_.store(longest, std::memory_order_seq_cst);
    if (longest_ns_.load(std::memory_order_seq_cst) < longest) continue;  // `arm` may not have seen this duration
    platform::futex_wait(bell_, count, std::chrono::nanoseconds(longest));
    SHMBUS_CRASH_POINT("doorbell.woken");
    // After the longest sleep the program should poll, but the bell has not changed: the watcher stays armed, and wakes
    // the program once, not twice.
    std::uint32_t armed = kArmed;
    if (bell_.load(std::memory_order_acquire) != count) {
      armed_.compare_exchange_strong(armed, kIdle, std::memory_order_acq_rel);
    }
    ring();
    SHMBUS_CRASH_POINT("doorbell.rung");
  }
}

}  // namespace shmbus::detail
