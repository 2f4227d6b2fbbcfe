#include "measure/stop_signals.hpp"

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <initializer_list>

namespace shmbus::measure {

namespace {

sigset_t ending() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&set, signal);
  return set;
}

}  // namespace

void block_signals() {
  sigset_t set = ending();
  ::sigaddset(&set, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
}

void check_signals() {
  const sigset_t set = ending();
  const timespec now{};
  const int signal = ::sigtimedwait(&set, nullptr, &now);
  if (signal > 0) throw Interrupted(signal);
}

void leave_signals_to_parent() {
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  std::signal(SIGTERM, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void end_by(int signal) {
  std::signal(signal, SIG_DFL);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  std::raise(signal);
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
  std::_Exit(128 + signal);  // only where the signal is ignored
}

}  // namespace shmbus::measure
