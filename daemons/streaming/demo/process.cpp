#include "demo/process.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

namespace demo {

Process::Process(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                 const std::filesystem::path& log, int network) {
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0)
    throw std::runtime_error(
        fmt::format("program '{}': expected to start it, found: {}", program.string(), std::strerror(errno)));
  if (pid_ > 0) return;

  // The child. Nothing but system calls from here on.
  ::signal(SIGPIPE, SIG_DFL);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before we could ask to be told
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int input = ::open("/dev/null", O_RDONLY);
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  if (network < 0 || ::setns(network, CLONE_NEWNET) == 0) ::execv(argv[0], argv.data());
  const char* problem = std::strerror(errno);
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, problem, std::strlen(problem));
  ::_exit(127);
}

Process::~Process() { kill(); }

void Process::signal(int number) {
  if (running()) ::kill(pid_, number);
}

void Process::kill() {
  signal(SIGKILL);
  while (!exit_code_) reap(0);
}

bool Process::running() { return !exit_code().has_value(); }

std::optional<int> Process::exit_code() {
  if (!exit_code_) reap(WNOHANG);
  return exit_code_;
}

void Process::reap(int options) {
  int status = 0;
  const pid_t reaped = ::waitpid(pid_, &status, options);
  if (reaped == pid_) exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (reaped < 0 && errno == ECHILD) exit_code_ = 127;
}

}  // namespace demo
