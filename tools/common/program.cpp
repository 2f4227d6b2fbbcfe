#include "program.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <span>
#include <system_error>

#include "output.hpp"
#include "shmbus/error.hpp"
#include "signal_scope.hpp"
#include "standard_error.hpp"
#include "usage_error.hpp"

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

int print_and_succeed(const std::string& text) {
  Output out;
  out.text() = text;
  out.flush();
  return 0;
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

std::optional<int> parse(CLI::App& app, int argc, char** argv, std::span<const Synonym> synonyms) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    return print_and_succeed(app.help());  // of the verb, if there is one
  } catch (const CLI::CallForVersion& version) {
    return print_and_succeed(std::string{version.what()} + '\n');
  } catch (const CLI::ParseError& error) {
    const auto verbs = app.get_subcommands();
    const std::span<const char* const> words(argv + 1, static_cast<std::size_t>(std::max(argc - 1, 0)));
    return refuse(usage_error(app, error, words, synonyms),
                  app.get_name() + (verbs.empty() ? "" : " " + verbs.front()->get_name()) + " --help");
  }
}

int refuse(const std::string& what, const std::string& help) {
  complain(what + "; see " + help);
  return exit_usage;
}

}  // namespace shmbus::tool
