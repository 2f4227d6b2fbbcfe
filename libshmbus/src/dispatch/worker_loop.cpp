#include "dispatch/worker_loop.hpp"

#include <algorithm>
#include <cstdio>

#include "client/attached_topic.hpp"
#include "platform/clock.hpp"
#include "platform/futex.hpp"
#include "shmbus/detail/cpu.hpp"

namespace shmbus::detail {

namespace {
thread_local const WorkerLoop* running = nullptr;  // the loop whose worker this thread is
}

void WorkerLoop::enter() noexcept { running = this; }
void WorkerLoop::leave() noexcept { running = nullptr; }

bool WorkerLoop::wait(std::chrono::nanoseconds timeout) noexcept {
  if (running == this || forked()) return ended();
  const std::uint64_t start = platform::monotonic_ns();
  const auto limit = static_cast<std::uint64_t>(std::max<std::int64_t>(timeout.count(), 0));
  const std::uint64_t deadline = limit > ~start ? ~std::uint64_t{0} : start + limit;
  for (;;) {
    if (ended()) return true;
    const std::uint64_t now = platform::monotonic_ns();
    if (now >= deadline) return false;
    constexpr std::uint64_t kHour = 3'600'000'000'000;
    platform::futex_wait(ended_, 0, std::chrono::nanoseconds(std::min(deadline - now, kHour)));
  }
}

void WorkerLoop::set_ended() noexcept {
  ended_.store(1, std::memory_order_release);
  platform::futex_wake_all(ended_);
}

std::size_t WorkerLoop::worker_ended(bool returned) noexcept {
  const std::size_t left = alive_.fetch_sub(1, std::memory_order_acq_rel) - 1;
  if (!returned) {
    std::fprintf(stderr,
                 "shmbus: a handler of the subscription to '%s' ended its thread (pthread_exit or pthread_cancel): "
                 "%zu of %zu workers are left%s\n",
                 pattern_.c_str(), left, workers_, left == 0 ? ", and the subscription ends" : "");
  }
  return left;
}

void WorkerLoop::count_handled() noexcept {
  if (workers_ == 1)
    platform::add_to_own(handled_, 1);
  else
    handled_.fetch_add(1, std::memory_order_relaxed);
}

/// Counts an error of the handler. Returns whether to report it.
bool WorkerLoop::count_error(const Event& event) noexcept {
  attached_topic(*event.reader_).reader.count_handler_error();
  errors_.fetch_add(1, std::memory_order_relaxed);
  return reports_.due();
}

void WorkerLoop::report(const Event& event, const char* what, const char* then) noexcept {
  if (!count_error(event)) return;
  std::fprintf(stderr, "shmbus: the handler of topic '%.*s' threw at sequence %llu: %s (%llu so far)%s\n",
               static_cast<int>(event.topic().size()), event.topic().data(),
               static_cast<unsigned long long>(event.sequence()), what, static_cast<unsigned long long>(errors()),
               then);
}

}  // namespace shmbus::detail
