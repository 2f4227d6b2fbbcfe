#include "support/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "support/proc_stat.hpp"

namespace test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto patience = 60s;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void close_if_open(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

/// {reading end, writing end}
std::array<int, 2> make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) fail("pipe2");
  return fds;
}

/// {master, slave}
std::array<int, 2> make_terminal() {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0) fail("posix_openpt");
  const int slave = ::open(::ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0) fail("open of the terminal");
  return {master, slave};
}

/// Appends what can be read now. Returns false at the end of the stream.
bool read_available(int fd, std::string& to) {
  std::array<char, 65536> piece;
  const ssize_t size = ::read(fd, piece.data(), piece.size());
  if (size > 0) to.append(piece.data(), static_cast<std::size_t>(size));
  return size > 0 || (size < 0 && errno == EINTR);  // a terminal ends with EIO
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> command, Streams streams) {
  std::array<int, 3> theirs{};
  if (streams == Streams::terminal) {
    const auto [master, slave] = make_terminal();
    in_ = master;
    out_fd_ = ::fcntl(master, F_DUPFD_CLOEXEC, 0);
    theirs = {slave, ::fcntl(slave, F_DUPFD_CLOEXEC, 0), ::fcntl(slave, F_DUPFD_CLOEXEC, 0)};
  } else {
    const auto in = make_pipe();
    const auto out = make_pipe();
    const auto err = make_pipe();
    in_ = in[1];
    out_fd_ = out[0];
    err_fd_ = err[0];
    theirs = {in[0], out[1], err[1]};
  }
  std::vector<char*> arguments;
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);

  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(126);
    if (streams == Streams::terminal) {
      ::setsid();
      ::ioctl(theirs[0], TIOCSCTTY, 0);
    }
    for (int fd = 0; fd < 3; ++fd) ::dup2(theirs[static_cast<std::size_t>(fd)], fd);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  for (int& fd : theirs) close_if_open(fd);
}

ChildProcess::~ChildProcess() {
  if (!end_ && pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  for (int* fd : {&in_, &out_fd_, &err_fd_}) close_if_open(*fd);
}

template <class Done>
void ChildProcess::pump(const char* what, Done done) {
  const auto deadline = Clock::now() + patience;
  while (!done()) {
    if (Clock::now() > deadline) {
      throw std::runtime_error(std::string{"waited too long for "} + what + "; printed so far:\n" + out_ + err_);
    }
    std::array<pollfd, 2> fds{pollfd{.fd = out_fd_, .events = POLLIN, .revents = 0},
                              pollfd{.fd = err_fd_, .events = POLLIN, .revents = 0}};
    ::poll(fds.data(), fds.size(), 10);
    if (fds[0].revents != 0 && !read_available(out_fd_, out_)) close_if_open(out_fd_);
    if (fds[1].revents != 0 && !read_available(err_fd_, err_)) close_if_open(err_fd_);
    if (err_fd_ < 0) out_.erase(std::remove(out_.begin(), out_.end(), '\r'), out_.end());
  }
}

void ChildProcess::write(std::string_view text) {
  // SIGPIPE would end the test. If the program no longer reads, its output shows why.
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before {};
  ::sigaction(SIGPIPE, &ignore, &before);
  while (!text.empty()) {
    const ssize_t size = ::write(in_, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) break;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  ::sigaction(SIGPIPE, &before, nullptr);
}

void ChildProcess::close_input() { close_if_open(in_); }
void ChildProcess::close_output() { close_if_open(out_fd_); }

void ChildProcess::wait_for_lines(std::size_t count) {
  pump("lines", [&] { return static_cast<std::size_t>(std::count(out_.begin(), out_.end(), '\n')) >= count; });
}

void ChildProcess::wait_for_output(std::string_view text) {
  pump("output", [&] { return out_.find(text) != std::string::npos; });
}

void ChildProcess::wait_for_error(std::string_view text) {
  pump("an error", [&] { return err_.find(text) != std::string::npos; });
}

void ChildProcess::wait_until_idle() {
  ProcessUse last = use_of(pid_);
  auto since = Clock::now();
  pump("idleness", [&] {
    const ProcessUse now = use_of(pid_);
    if (now.ticks != last.ticks || now.sleeps != last.sleeps) since = Clock::now();
    last = now;
    return Clock::now() - since > 200ms;
  });
}

void ChildProcess::kill(int signal) { ::kill(pid_, signal); }

End ChildProcess::wait() {
  pump("its end", [&] {
    if (!end_) {
      int status = 0;
      if (::waitpid(pid_, &status, WNOHANG) == pid_) {
        end_ = WIFSIGNALED(status) ? End{.signal = WTERMSIG(status)} : End{.status = WEXITSTATUS(status)};
      }
    }
    return end_ && out_fd_ < 0 && err_fd_ < 0;
  });
  return *end_;
}

Finished run(std::vector<std::string> command, std::string_view input) {
  ChildProcess child{std::move(command)};
  child.write(input);
  child.close_input();
  const End end = child.wait();
  return {end, child.out(), child.err()};
}

ProcessUse use_of(pid_t pid) {
  ProcessUse use;
  const std::filesystem::path process = "/proc/" + std::to_string(pid);
  std::istringstream fields{stat_after_name(process)};  // from the third on; 14 and 15 are user and system time
  std::string field;
  for (int number = 3; fields >> field && number <= 15; ++number) {
    if (number >= 14) use.ticks += std::stoul(field);
  }
  std::error_code gone;
  for (const auto& thread : std::filesystem::directory_iterator{process / "task", gone}) {
    ++use.threads;
    std::ifstream status{thread.path() / "status"};
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("voluntary_ctxt_switches:")) use.sleeps += std::stoul(line.substr(line.find(':') + 1));
    }
  }
  return use;
}

}  // namespace test
