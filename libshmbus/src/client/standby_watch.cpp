#include "client/standby_watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "durable/name_lock.hpp"
#include "platform/descriptor.hpp"
#include "platform/process.hpp"
#include "platform/quiet_thread.hpp"
#include "platform/system_error.hpp"
#include "registry/node_process.hpp"
#include "registry/subscription_table.hpp"

namespace shmbus::detail {

namespace {
constexpr int kLook = 5, kLookAtProcess = 50;  // ms
}

StandbyWatch::StandbyWatch(std::shared_ptr<registry::Node> node, std::uint64_t byte, std::uint64_t bell)
    : node_(std::move(node)),
      byte_(byte),
      bell_(bell),
      end_(platform::open_descriptor([] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); })) {
  if (end_.get() < 0) throw platform::system_error(errno, "a subscription that stands by", "an eventfd");
  thread_ = platform::start_quiet_thread("a subscription that stands by", [this] { watch(); });
}

StandbyWatch::~StandbyWatch() {
  if (node_->forked()) {
    new std::thread(std::move(thread_));  // the child has only its handle, which must not be destroyed
    return;
  }
  ending_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  while (end_.is_open() && ::write(end_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
  thread_.join();
}

int StandbyWatch::open_holder() const noexcept {
  const registry::Registry& registry = node_->registry();
  if (!registry.intact()) return -1;
  const std::uint64_t holder = registry::SubscriptionTable(*node_).durable_holder(byte_);
  return platform::open_process(registry::process_of(registry, holder));
}

bool StandbyWatch::sleep(int process, int milliseconds) const noexcept {
  struct pollfd wake[] = {{end_.get(), POLLIN, 0}, {process, POLLIN, 0}};  // poll ignores a negative descriptor
  ::poll(wake, 2, milliseconds);
  if (ending_.load(std::memory_order_acquire)) return false;
  // Readable, and not by us: the program closed it. Then the clock alone ends the sleep.
  if (wake[0].revents != 0) std::this_thread::sleep_for(std::chrono::milliseconds{kLook});
  return !ending_.load(std::memory_order_acquire);
}

void StandbyWatch::watch() noexcept {
  for (;;) {
    const bool held = durable::name_held(node_->registry(), byte_);
    if (!held && !free_.exchange(true, std::memory_order_acq_rel)) node_->registry().ring(bell_);
    if (held) free_.store(false, std::memory_order_release);
    const platform::KnownDescriptor process(held ? open_holder() : -1);
    // The process that the descriptor means may be a later one of that pid, unless the lock is still held.
    const bool watched = process.get() >= 0 && durable::name_held(node_->registry(), byte_);
    if (!sleep(watched ? process.get() : -1, watched ? kLookAtProcess : kLook)) return;
  }
}

}  // namespace shmbus::detail
