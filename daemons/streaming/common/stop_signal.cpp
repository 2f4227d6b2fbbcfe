#include "common/stop_signal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

#include <shmbus/bus.hpp>

namespace streaming {
namespace {

std::atomic<int> received{0};
std::atomic<shmbus::Bus*> interrupted_bus{nullptr};
int pipe_ends[2] = {-1, -1};

extern "C" void on_stop_signal(int number) {
  const int saved = errno;
  received.store(number);
  if (shmbus::Bus* bus = interrupted_bus.load()) bus->interrupt();
  [[maybe_unused]] const ssize_t written = ::write(pipe_ends[1], "", 1);  // a full pipe is readable too
  errno = saved;
}

void install(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    ::sigaction(number, nullptr, &before);
    if (number == SIGHUP && before.sa_handler == SIG_IGN) continue;  // nohup says that it shall go on
    ::sigaction(number, &action, nullptr);
  }
}

}  // namespace

StopSignal::StopSignal() {
  if (::pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  received.store(0);
  install(on_stop_signal);
}

StopSignal::~StopSignal() {
  install(SIG_DFL);
  forget();
  for (int& end : pipe_ends) ::close(std::exchange(end, -1));
}

void StopSignal::interrupts(shmbus::Bus& bus) {
  interrupted_bus.store(&bus);
  if (requested()) bus.interrupt();  // it came before the handler could know the bus
}

void StopSignal::forget() { interrupted_bus.store(nullptr); }

int StopSignal::number() const { return received.load(); }

int StopSignal::fd() const { return pipe_ends[0]; }

void StopSignal::sleep(std::chrono::nanoseconds duration) const {
  const auto rest = std::max(duration, std::chrono::nanoseconds{0});
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(rest);
  const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (rest - seconds).count()};
  pollfd stop{.fd = fd(), .events = POLLIN, .revents = 0};
  ::ppoll(&stop, 1, &timeout, nullptr);
}

}  // namespace streaming
