#include "client/group_watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "platform/descriptor.hpp"
#include "platform/process.hpp"
#include "platform/quiet_thread.hpp"
#include "platform/system_error.hpp"
#include "registry/node_process.hpp"

namespace shmbus::detail {

namespace {
constexpr int kBetweenLooksAtLocks = 5, kBetweenLooks = 50;  // ms
}

GroupWatch::GroupWatch(std::shared_ptr<registry::Node> node, std::function<void()> ended)
    : node_(std::move(node)),
      ended_(std::move(ended)),
      bell_(platform::open_descriptor([] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); })) {
  if (bell_.get() < 0) throw platform::system_error(errno, "the watch over a group's members", "an eventfd");
  thread_ = platform::start_quiet_thread("the watch over a group's members", [this] { watch(); });
}

GroupWatch::~GroupWatch() {
  if (node_->forked()) {
    new std::thread(std::move(thread_));  // the child has only its handle, which must not be destroyed
    return;
  }
  ending_.store(true, std::memory_order_release);
  wake();
  thread_.join();
}

void GroupWatch::wake() noexcept {
  const std::uint64_t one = 1;
  while (bell_.is_open() && ::write(bell_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void GroupWatch::follow(const std::vector<std::uint64_t>& nodes, bool hold) noexcept {
  bool rouse = hold && !hold_.exchange(true, std::memory_order_acq_rel);
  if (!hold) hold_.store(false, std::memory_order_release);
  try {
    const std::lock_guard lock(mutex_);
    if (nodes != nodes_) {
      nodes_ = nodes;
      changed_ = true;
      rouse = true;
    }
  } catch (const std::bad_alloc&) {
    return;  // the next sleep tries again
  }
  if (rouse) wake();
}

void GroupWatch::update() {
  std::vector<std::uint64_t> nodes;
  {
    const std::lock_guard lock(mutex_);
    if (!changed_) return;
    nodes = nodes_;
    watched_.reserve(watched_.size() + nodes.size());
    changed_ = false;
  }
  std::erase_if(watched_,
                [&](const Watched& w) { return std::find(nodes.begin(), nodes.end(), w.node) == nodes.end(); });
  for (const std::uint64_t node : nodes) {
    if (std::any_of(watched_.begin(), watched_.end(), [&](const Watched& w) { return w.node == node; })) continue;
    watched_.push_back(
        {node, platform::KnownDescriptor(platform::open_process(registry::process_of(node_->registry(), node)))});
  }
}

void GroupWatch::look() noexcept {
  bool ended = false;
  for (Watched& w : watched_) {
    if (w.ended || node_->alive(w.node)) continue;
    w.ended = true;
    ended = true;
    w.process.close();
  }
  if (ended) ended_();
}

void GroupWatch::watch() noexcept {
  std::vector<pollfd> sleep;
  while (!ending_.load(std::memory_order_acquire)) {
    int timeout = -1;
    try {
      update();
      look();
      sleep.assign(1, {bell_.is_open() ? bell_.get() : -1, POLLIN, 0});  // poll ignores a negative one
      if (sleep[0].fd < 0) timeout = kBetweenLooks;                      // the program closed it
      const bool hold = hold_.load(std::memory_order_acquire);
      for (const Watched& w : watched_) {
        if (w.ended) continue;
        const bool watched = w.process.is_open();
        if (watched) sleep.push_back({w.process.get(), POLLIN, 0});
        if (hold && (timeout < 0 || !watched)) timeout = watched ? kBetweenLooks : kBetweenLooksAtLocks;
      }
    } catch (const std::bad_alloc&) {
      timeout = kBetweenLooks;
    }
    const int woken = ::poll(sleep.data(), sleep.size(), timeout);
    const bool rung = woken > 0 && sleep[0].revents != 0;
    // A process has ended, and its lock is not free yet: the kernel frees it a moment later.
    if (woken > 0 && !rung) std::this_thread::sleep_for(std::chrono::microseconds{100});
    std::uint64_t rings = 0;
    if (rung && (!bell_.is_open() || ::read(bell_.get(), &rings, sizeof rings) < 0))
      std::this_thread::sleep_for(std::chrono::milliseconds{kBetweenLooksAtLocks});
  }
}

}  // namespace shmbus::detail
