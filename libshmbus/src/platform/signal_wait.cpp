#include "platform/signal_wait.hpp"

#include <array>
#include <cerrno>
#include <mutex>

#include "platform/futex.hpp"

namespace shmbus::platform {

namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM};

// The handler uses these alone: lock-free atomics. `ring_count` is the futex; it counts signals, too.
std::atomic<std::uint32_t> ring_count{0}, signal_count{0};
std::atomic<int> latest_signal{0};

std::mutex mutex;  // guards the variables below
unsigned users = 0;
std::array<struct sigaction, kSignals.size()> actions_before;

void on_signal(int signal) {
  const int saved = errno;
  latest_signal.store(signal, std::memory_order_relaxed);
  signal_count.fetch_add(1, std::memory_order_release);
  SignalWait::ring();
  errno = saved;
}

bool ignored(const struct sigaction& action) noexcept {
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_IGN;
}

void catch_signals() noexcept {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &actions_before[i]);
    if (ignored(actions_before[i])) continue;
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;  // system calls of other threads go on; the handler itself wakes the waiting ones
    ::sigemptyset(&action.sa_mask);
    ::sigaction(kSignals[i], &action, nullptr);
  }
}

void restore_signals() noexcept {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    if (!ignored(actions_before[i])) ::sigaction(kSignals[i], &actions_before[i], nullptr);
  }
}

}  // namespace

SignalWait::SignalWait() noexcept : signals_before_(signal_count.load(std::memory_order_acquire)) {
  {
    const std::lock_guard lock(mutex);
    if (users++ == 0) catch_signals();
  }
  sigset_t waited_for;
  ::sigemptyset(&waited_for);
  for (const int signal : kSignals) ::sigaddset(&waited_for, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &waited_for, &mask_before_);
}

SignalWait::~SignalWait() {
  ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  const std::lock_guard lock(mutex);
  if (--users == 0) restore_signals();
}

int SignalWait::signal() const noexcept {
  const bool came = signal_count.load(std::memory_order_acquire) != signals_before_;
  return came ? latest_signal.load(std::memory_order_relaxed) : 0;
}

std::uint32_t SignalWait::rings() const noexcept { return ring_count.load(std::memory_order_acquire); }

void SignalWait::sleep(std::uint32_t seen, std::chrono::nanoseconds timeout) const noexcept {
  futex_wait(ring_count, seen, timeout);
}

void SignalWait::ring() noexcept {
  ring_count.fetch_add(1, std::memory_order_seq_cst);
  futex_wake_all(ring_count);
}

}  // namespace shmbus::platform
