#include "support/forked_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "support/time_limits.hpp"
#include "support/proc_stat.hpp"

namespace test {

namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void send(int fd, std::uint64_t word) {
  if (::write(fd, &word, sizeof word) != sizeof word) fail("write to the other process");
}

std::uint64_t receive(int fd) {
  pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
  int result = 0;
  do result = ::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds(patience).count()));
  while (result < 0 && errno == EINTR);
  if (result <= 0) throw std::runtime_error("waited too long for a word of the other process");
  std::uint64_t word = 0;
  if (::read(fd, &word, sizeof word) != sizeof word) throw std::runtime_error("the other process has ended");
  return word;
}

/// Whether all threads but this one are asleep in the kernel.
bool others_asleep() {
  // Not gettid(): in another pid namespace, /proc still has the ids of the namespace where it was mounted.
  const auto self = std::filesystem::read_symlink("/proc/thread-self").filename();
  for (const auto& thread : std::filesystem::directory_iterator{"/proc/self/task"}) {
    if (thread.path().filename() == self) continue;
    const char state = state_in(thread.path());
    if (state != 'S' && state != '-') return false;
  }
  return true;
}

}  // namespace

void require(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error(what);
}

void Parent::say(std::uint64_t word) const { send(out_, word); }
std::uint64_t Parent::hear() const { return receive(in_); }

ForkedProcess::ForkedProcess(const std::function<void(const Parent&)>& body) {
  // The child has none of the other threads, and would wait forever for a lock that one of them holds, such as a sanitizer's
  // allocator lock. A sleeping thread holds none. The second check is for two threads that wake each other.
  wait_until("the test's other threads to sleep", [] { return others_asleep() && others_asleep(); });
  int there[2], back[2];
  if (::pipe2(there, O_CLOEXEC) != 0 || ::pipe2(back, O_CLOEXEC) != 0) fail("pipe2");
  std::fflush(nullptr);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (const pid_t now = ::getppid(); now != parent && now != 0) ::_exit(126);  // 0: the parent is in another pid namespace
    // Without this, Catch2 would report a deadly signal here. The parent reports it better.
    for (int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTERM, SIGINT}) ::signal(signal, SIG_DFL);
    ::close(there[1]);
    ::close(back[0]);
    int status = 0;
    try {
      body(Parent(there[0], back[1]));
    } catch (const std::exception& e) {
      std::fprintf(stderr, "process %d: %s\n", static_cast<int>(::getpid()), e.what());
      status = 1;
    }
    std::fflush(nullptr);
    ::_exit(status);
  }
  ::close(there[0]);
  ::close(back[1]);
  out_ = there[1];
  in_ = back[0];
}

ForkedProcess::ForkedProcess(ForkedProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), in_(std::exchange(other.in_, -1)), out_(std::exchange(other.out_, -1)) {}

ForkedProcess::~ForkedProcess() {
  kill();
  if (in_ >= 0) ::close(in_);
  if (out_ >= 0) ::close(out_);
}

void ForkedProcess::say(std::uint64_t word) const { send(out_, word); }
std::uint64_t ForkedProcess::hear() const { return receive(in_); }

void ForkedProcess::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

void ForkedProcess::stop() {
  ::kill(pid_, SIGSTOP);
  int status = 0;
  if (::waitpid(pid_, &status, WUNTRACED) != pid_ || !WIFSTOPPED(status))
    throw std::runtime_error("the process did not stop");
}

void ForkedProcess::resume() { ::kill(pid_, SIGCONT); }

End ForkedProcess::wait() {
  const Deadline deadline;
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) != pid_) {
    deadline.check("a process to end");
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  pid_ = -1;
  return WIFSIGNALED(status) ? End{.status = 0, .signal = WTERMSIG(status)}
                             : End{.status = WEXITSTATUS(status), .signal = 0};
}

}  // namespace test
