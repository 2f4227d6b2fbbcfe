#include "program.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <exception>
#include <system_error>

#include "shmbus/error.hpp"
#include "signal_scope.hpp"
#include "standard_error.hpp"

namespace shmbus::tool {
namespace {

/// Opens descriptors 0, 1 and 2 if the caller had closed them. Otherwise a segment could be opened there, and text would be
/// written into it.
void occupy_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // Opened for the wrong direction, so that using it fails as if it were still closed.
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

bool is_usage(ErrorCode code) { return code == ErrorCode::invalid_name || code == ErrorCode::invalid_option; }

}  // namespace

int run_program(const std::function<int()>& program) {
  occupy_standard_descriptors();
  // A closed pipe must not end the process before its node has left the bus; the signal's default action comes after that.
  const bool pipe_kills = std::signal(SIGPIPE, SIG_IGN) != SIG_IGN;
  int status = exit_failed;
  try {
    status = program();
  } catch (const Error& error) {
    complain(error.what());
    status = is_usage(error.code()) ? exit_usage : exit_failed;
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::broken_pipe && received_signal() == 0 && pipe_kills) end_by(SIGPIPE);
    complain(error.what());
  } catch (const std::exception& error) {
    complain(error.what());
  }
  if (received_signal() != 0) end_by(received_signal());
  return status;
}

int refuse(const std::string& what, const std::string& help) {
  complain(what + "; see " + help);
  return exit_usage;
}

}  // namespace shmbus::tool
