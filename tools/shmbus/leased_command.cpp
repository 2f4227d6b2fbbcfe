#include "leased_command.hpp"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

extern char** environ;

namespace shmbus::tool {
namespace {

using std::chrono::steady_clock;

[[noreturn]] void fail(int error, const char* what) { throw std::system_error(error, std::generic_category(), what); }

/// A file in memory with the payload, so that a command which does not read it stops nobody.
class PayloadFile {
 public:
  explicit PayloadFile(std::string_view payload) : descriptor_(::memfd_create("payload", MFD_CLOEXEC)) {
    if (descriptor_ < 0) fail(errno, "a file for the payload");
    while (!payload.empty()) {
      const ssize_t written = ::write(descriptor_, payload.data(), payload.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        const int error = errno;
        ::close(descriptor_);
        fail(error, "a file for the payload");
      }
      payload.remove_prefix(static_cast<std::size_t>(written));
    }
    ::lseek(descriptor_, 0, SEEK_SET);
  }
  PayloadFile(const PayloadFile&) = delete;
  PayloadFile& operator=(const PayloadFile&) = delete;
  ~PayloadFile() { ::close(descriptor_); }
  int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

/// This process's environment, and what the command may want to know of the event.
class Environment {
 public:
  explicit Environment(const Lease& lease) {
    const Event& event = lease.event();
    own_ = {"SHMBUS_TOPIC=" + std::string{event.topic()}, "SHMBUS_SEQUENCE=" + std::to_string(event.sequence()),
            "SHMBUS_KEY=" + std::string{event.key()}, "SHMBUS_DELIVERIES=" + std::to_string(lease.deliveries())};
    for (std::string& variable : own_) all_.push_back(variable.data());
    for (char** variable = environ; *variable != nullptr; ++variable) {
      const std::string_view text{*variable};
      bool ours = false;
      for (const std::string& own : own_)
        ours = ours || text.starts_with(std::string_view{own}.substr(0, own.find('=') + 1));
      if (!ours) all_.push_back(*variable);
    }
    all_.push_back(nullptr);
  }
  char* const* variables() noexcept { return all_.data(); }

 private:
  std::vector<std::string> own_;
  std::vector<char*> all_;
};

pid_t start(const std::string& command, int input, char* const* environment) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  std::string shell = "sh", option = "-c", text = command;
  char* arguments[] = {shell.data(), option.data(), text.data(), nullptr};
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, "/bin/sh", &actions, nullptr, arguments, environment);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) fail(error, "/bin/sh");
  return pid;
}

}  // namespace

bool run_leased(const std::string& command, Lease& lease) {
  using namespace std::chrono_literals;
  constexpr auto extension = 30s, often = 10s;
  const PayloadFile input{lease.event().text()};
  Environment environment{lease};
  const pid_t pid = start(command, input.descriptor(), environment.variables());
  static_cast<void>(lease.extend(extension));
  auto next = steady_clock::now() + often;
  auto pause = std::chrono::nanoseconds{200us};
  for (int status = 0;;) {
    const pid_t ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == pid) return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (ended < 0 && errno != EINTR) fail(errno, "the command");
    if (steady_clock::now() >= next) {
      static_cast<void>(lease.extend(extension));
      next = steady_clock::now() + often;
    }
    std::this_thread::sleep_for(pause);
    pause = std::min<std::chrono::nanoseconds>(2 * pause, 20ms);
  }
}

}  // namespace shmbus::tool
