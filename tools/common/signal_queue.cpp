#include "signal_queue.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "signal_scope.hpp"
#include "wait_time.hpp"

namespace shmbus::tool {
namespace {

sigset_t blocked{};  // by block_signals, before any thread

}  // namespace

void block_signals(std::initializer_list<int> others) {
  ::sigemptyset(&blocked);
  for (const int signal : stop_signals) ::sigaddset(&blocked, signal);
  for (const int signal : others) ::sigaddset(&blocked, signal);
  if (const int error = ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr); error != 0)
    throw std::system_error(error, std::generic_category(), "pthread_sigmask");
}

int take_signal(std::chrono::nanoseconds time) {
  const timespec timeout = wait_time(time);
  return std::max(::sigtimedwait(&blocked, nullptr, &timeout), 0);
}

}  // namespace shmbus::tool
