#include "measure/role_processes.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "measure/interrupted.hpp"
#include "signal_queue.hpp"

namespace shmbus::measure {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

/// In a forked process: SIGINT and SIGHUP, which a terminal sends to all, are left to the parent; others act again.
void leave_signals_to_parent() {
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  std::signal(SIGTERM, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

void Role::meet() noexcept {
  constexpr unsigned kPatience = 100'000;  // looks before it gives the core away, where another may need it
  const std::uint32_t meeting = page_->meeting.load(std::memory_order_acquire);
  if (page_->arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == roles_) {
    page_->arrived.store(0, std::memory_order_relaxed);
    page_->meeting.store(meeting + 1, std::memory_order_release);
    return;
  }
  for (unsigned looks = 0; page_->meeting.load(std::memory_order_acquire) == meeting; ++looks) {
    if (looks < kPatience && !spin_.yield)
      measure::pause();
    else
      ::sched_yield();
  }
}

RoleProcesses::RoleProcesses(Placement placement, unsigned pauses)
    : placement_(std::move(placement)), spin_{.pauses = pauses, .yield = placement_.crowded} {}

RoleProcesses::~RoleProcesses() {
  kill_all();
  for (const Part& part : parts_) {
    if (part.text >= 0) ::close(part.text);
  }
}

void RoleProcesses::add(std::string name, std::function<void(Role&)> body) {
  parts_.push_back({.name = std::move(name), .body = std::move(body)});
}

void RoleProcesses::start() {
  const pid_t parent = ::getpid();
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    std::array<int, 2> text{};
    if (::pipe2(text.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    const pid_t pid = ::fork();
    if (pid == 0) act(parts_[i], i, text[1], parent);
    const int error = errno;
    ::close(text[1]);
    parts_[i].text = text[0];
    if (pid < 0) throw std::system_error(error, std::generic_category(), "fork");
    pids_.push_back(pid);
  }
  life_.at = steady_clock::now();
}

/// The process ends here, without the parent's destructors.
void RoleProcesses::act(const Part& part, std::size_t number, int text, pid_t parent) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  leave_signals_to_parent();
  std::string said;
  try {
    if (placement_.pinned() && !pin_to(placement_.cores[number])) throw Failure("the kernel refuses to pin it");
    Role role(*page_, static_cast<unsigned>(parts_.size()), spin_);
    part.body(role);
  } catch (const std::exception& error) {
    said = error.what();
  } catch (...) {
    said = "an exception of unknown type";
  }
  if (said.empty()) ::_exit(0);
  [[maybe_unused]] const auto written = ::write(text, said.data(), said.size());
  ::_exit(1);
}

void RoleProcesses::run(const Watch& watch) {
  start();
  while (!keep_watch(watch, 1h)) {
  }
}

bool RoleProcesses::keep_watch(const Watch& watch, std::chrono::nanoseconds time) {
  const auto end = steady_clock::now() + time;
  try {
    for (;;) {
      if (reap() == parts_.size()) return true;
      look_for_life(watch);
      if (watch.tick) watch.tick(done());
      const auto left = std::min<std::chrono::nanoseconds>(end - steady_clock::now(), 200ms);
      if (left <= 0ns) return false;
      const int signal = tool::take_signal(left);
      if (signal != 0 && signal != SIGCHLD) throw Interrupted(signal);
    }
  } catch (...) {
    kill_all();
    throw;
  }
}

/// How many have ended. Throws where one failed.
std::size_t RoleProcesses::reap() {
  std::size_t ended = 0;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    int status = 0;
    if (!part.ended && ::waitpid(pids_[i], &status, WNOHANG) == pids_[i]) {
      part.ended = true;
      std::array<char, 2048> text{};
      const ssize_t size = status == 0 ? 0 : ::read(part.text, text.data(), text.size());
      if (size > 0) throw Failure(part.name + ": " + std::string(text.data(), static_cast<std::size_t>(size)));
      if (WIFSIGNALED(status)) throw Failure(part.name + ": ended by signal " + std::to_string(WTERMSIG(status)));
      if (status != 0) throw Failure(part.name + ": ended with status " + std::to_string(WEXITSTATUS(status)));
    }
    ended += part.ended ? 1 : 0;
  }
  return ended;
}

void RoleProcesses::look_for_life(const Watch& watch) {
  std::size_t ended = 0;
  for (const Part& part : parts_) ended += part.ended ? 1 : 0;
  const std::uint32_t meeting = page_->meeting.load(std::memory_order_relaxed);
  const auto now = steady_clock::now();
  if (done() != life_.done || meeting != life_.meeting || ended != life_.ended) {
    life_ = {.at = now, .done = done(), .meeting = meeting, .ended = ended};
  } else if (now - life_.at > watch.patience) {
    std::string names;
    for (const Part& part : parts_) {
      if (!part.ended) names += (names.empty() ? "" : ", ") + part.name;
    }
    throw Failure("the watchdog saw no progress for " +
                  std::to_string(std::chrono::duration_cast<std::chrono::seconds>(watch.patience).count()) +
                  " s from " + names + "; is the machine overloaded? --patience gives it longer");
  }
}

void RoleProcesses::kill_all() noexcept {
  for (std::size_t i = 0; i < pids_.size(); ++i) {
    if (parts_[i].ended) continue;
    ::kill(pids_[i], SIGKILL);
    int status = 0;
    while (::waitpid(pids_[i], &status, 0) < 0 && errno == EINTR) {
    }
    parts_[i].ended = true;
  }
}

}  // namespace shmbus::measure
