#include "client/doorbell.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "platform/descriptor.hpp"
#include "platform/futex.hpp"
#include "platform/quiet_thread.hpp"
#include "platform/system_error.hpp"
#include "shmbus/platform/crash_point.hpp"

namespace shmbus::detail {

namespace {
constexpr std::uint32_t kIdle = 0, kArmed = 1, kEnd = 2;
}

Doorbell::Doorbell(std::shared_ptr<registry::Node> node, std::chrono::nanoseconds longest_sleep)
    : node_(std::move(node)),
      longest_sleep_(longest_sleep),
      descriptor_(platform::open_descriptor([] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); })) {
  if (descriptor_ < 0) throw platform::system_error(errno, "the subscriber's descriptor", "an eventfd");
  try {
    watcher_ = platform::start_quiet_thread("the subscriber's descriptor", [this] { watch(); });
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

Doorbell::~Doorbell() {
  if (node_->forked()) {
    new std::thread(
        std::move(watcher_));  // the child has no such thread to join: only its handle, which must not be destroyed
    return;
  }
  armed_.store(kEnd, std::memory_order_seq_cst);
  armed_.notify_all();
  node_->ring(node_->entry());
  watcher_.join();
  ::close(descriptor_);
}

void Doorbell::clear() noexcept {
  std::uint64_t count;
  while (::read(descriptor_, &count, sizeof count) < 0 && errno == EINTR) {
  }
}

void Doorbell::ring() noexcept {
  const std::uint64_t one = 1;
  while (::write(descriptor_, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void Doorbell::arm(std::uint32_t bell) noexcept {
  bell_.store(bell, std::memory_order_relaxed);  // published by `armed_`
  std::uint32_t idle = kIdle;
  if (armed_.compare_exchange_strong(idle, kArmed, std::memory_order_acq_rel)) armed_.notify_all();
}

void Doorbell::watch() noexcept {
  for (;;) {
    armed_.wait(kIdle, std::memory_order_acquire);
    if (armed_.load(std::memory_order_acquire) == kEnd) return;
    const std::uint32_t bell = bell_.load(std::memory_order_relaxed);
    platform::futex_wait(node_->bell(), bell, longest_sleep_);
    SHMBUS_CRASH_POINT("doorbell.woken");
    // After the longest sleep somebody shall look, but the bell is as it was: it stays armed, and wakes once, not
    // twice.
    std::uint32_t armed = kArmed;
    if (node_->bell().load(std::memory_order_acquire) != bell) {
      armed_.compare_exchange_strong(armed, kIdle, std::memory_order_acq_rel);
    }
    ring();
    SHMBUS_CRASH_POINT("doorbell.rung");
  }
}

}  // namespace shmbus::detail
