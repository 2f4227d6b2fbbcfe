#include "signal_scope.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <system_error>

#include "shmbus/bus.hpp"
#include "wait_time.hpp"

namespace shmbus::tool {
namespace {

// What the handler may touch: lock-free atomics and nothing else.
std::atomic<int> received{0};
std::atomic<Bus*> target{nullptr};
std::atomic<int> arrival{-1};

void on_signal(int signal) {
  const int saved = errno;
  received.store(signal);
  if (Bus* bus = target.load()) bus->interrupt();
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(arrival.load(), &one, sizeof one);
  errno = saved;
}

void set_action(int signal, void (*handler)(int)) {
  struct sigaction old {};
  ::sigaction(signal, nullptr, &old);
  if (old.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = handler;
  // No SA_RESTART: a blocked read or write must return. SA_RESETHAND: the second signal finds the default action.
  action.sa_flags = handler == SIG_DFL ? 0 : static_cast<int>(SA_RESETHAND);
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

SignalScope::SignalScope(Bus* bus) {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  arrival.store(fd);
  target.store(bus);
  for (const int signal : stop_signals) set_action(signal, on_signal);
}

SignalScope::~SignalScope() {
  for (const int signal : stop_signals) set_action(signal, SIG_DFL);
  target.store(nullptr);
  ::close(arrival.exchange(-1));
}

void SignalScope::interrupts(Bus& bus) {
  target.store(&bus);
  if (received_signal() != 0) bus.interrupt();
}

int SignalScope::fd() const noexcept { return arrival.load(); }

void SignalScope::sleep(std::chrono::nanoseconds time) const {
  const timespec timeout = wait_time(time);
  pollfd signal{.fd = fd(), .events = POLLIN, .revents = 0};
  ::ppoll(&signal, 1, &timeout, nullptr);
}

int received_signal() noexcept { return received.load(); }

void end_by(int signal) {
  std::signal(signal, SIG_DFL);
  std::raise(signal);
  sigset_t set;  // blocked, it comes now
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  std::_Exit(128 + signal);
}

}  // namespace shmbus::tool
