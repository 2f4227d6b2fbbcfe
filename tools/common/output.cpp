#include "output.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string_view>
#include <system_error>

#include "shmbus/bus.hpp"
#include "signal_scope.hpp"

namespace shmbus::tool {
namespace {

constexpr std::size_t piece = std::size_t{64} * 1024;

[[noreturn]] void fail(int error) { throw std::system_error(error, std::generic_category(), "standard output"); }

bool is_pipe(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

}  // namespace

Output::Output() : terminal_(::isatty(STDOUT_FILENO) == 1) {}

std::size_t Output::columns() const noexcept {
  constexpr std::size_t usual = 80;
  if (!terminal_) return 0;
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 ? size.ws_col : usual;
}

void Output::line_done() {
  if (terminal_ || text_.size() >= piece) flush();
}

void Output::flush() {
  std::string_view rest = text_;
  while (!rest.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // another process that shares the pipe made it non-blocking
      pollfd writable{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
      ::poll(&writable, 1, -1);
      if (received_signal() != 0) break;
    } else if (errno != EINTR) {
      const int error = errno;
      text_.clear();
      fail(error);
    } else if (received_signal() != 0) {
      break;
    }
  }
  text_.clear();
}

OutputWatch::OutputWatch(Bus* bus) : stop_(is_pipe(STDOUT_FILENO) ? ::eventfd(0, EFD_CLOEXEC) : -1) {
  if (stop_ < 0) return;
  // The thread inherits a mask that leaves all signals to the main thread.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this, bus] {
    std::array<pollfd, 2> fds{pollfd{.fd = STDOUT_FILENO, .events = 0, .revents = 0},
                              pollfd{.fd = stop_, .events = POLLIN, .revents = 0}};
    while (::poll(fds.data(), fds.size(), -1) < 0 && errno == EINTR) {
    }
    if (fds[0].revents == 0) return;
    closed_.store(true);
    if (bus != nullptr) bus->interrupt();
  });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

OutputWatch::~OutputWatch() {
  if (stop_ < 0) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(stop_, &one, sizeof one);
  thread_.join();
  ::close(stop_);
}

void OutputWatch::check() const {
  if (closed_.load()) fail(EPIPE);
}

}  // namespace shmbus::tool
