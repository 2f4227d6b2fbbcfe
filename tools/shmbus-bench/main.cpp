#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <exception>
#include <stdexcept>
#include <string>

#include "command.hpp"
#include "measure/signals.hpp"
#include "settings.hpp"
#include "shmbus/error.hpp"

namespace shmbus::bench {
namespace {

constexpr int failure = 1;
constexpr int usage = 2;

/// A caller may have closed 0, 1 or 2: a segment must not be opened there, where text would be written into it.
void occupy_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

int refuse(const std::string& what, const std::string& help) {
  fmt::print(stderr, "shmbus-bench: {}; see {}\n", what, help);
  return usage;
}

int run(int argc, char** argv) {
  Settings settings;
  CLI::App program{"Measures shmbus on this machine, against the machine's own floor where there is one.",
                   "shmbus-bench"};
  program.set_version_flag("--version", "shmbus-bench " SHMBUS_VERSION);
  add_options(program, settings);
  program.fallthrough();
  program.get_formatter()->label("SUBCOMMAND", "MEASURE");
  program.get_formatter()->label("Subcommands", "Measures");
  program.require_subcommand(0, 1);
  program.footer(R"(Options stand before or after the measure. First steps:
  shmbus-bench latency
  shmbus-bench throughput --sizes 64,1K --json
shmbus-bench MEASURE --help tells more, and how it is measured.

What is compared is measured in turns within one run, so compare within one run only. The bus it makes is named
bench-<pid>, and is removed in the end, also on Ctrl-C. Exit status: 0 measured, 1 failed, 2 wrong use.)");
  const std::array commands = {
      latency_command(program, settings), throughput_command(program, settings), fanout_command(program, settings),
      payload_command(program, settings), publish_command(program, settings),    wakeup_command(program, settings),
      attach_command(program, settings),  idle_command(program, settings),       soak_command(program, settings)};
  for (const Command& command : commands)
    command.app->footer(command.app->get_footer() + "\n\nOptions of all measures: see shmbus-bench --help.");
  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", program.help());
    return 0;
  } catch (const CLI::CallForVersion& version) {
    fmt::print("{}\n", version.what());
    return 0;
  } catch (const CLI::ParseError& error) {
    const auto chosen = program.get_subcommands();
    return refuse(error.what(),
                  chosen.empty() ? "shmbus-bench --help" : "shmbus-bench " + chosen.front()->get_name() + " --help");
  }
  for (const Command& command : commands) {
    if (!command.app->parsed()) continue;
    if (!command.draws && !settings.plot.empty())
      return refuse("--plot: " + command.app->get_name() + " has no distribution to draw", "shmbus-bench --help");
    return command.run();
  }
  return refuse("a measure is required, for example latency", "shmbus-bench --help");
}

bool is_usage(ErrorCode code) { return code == ErrorCode::invalid_name || code == ErrorCode::invalid_option; }

}  // namespace
}  // namespace shmbus::bench

int main(int argc, char** argv) {
  using namespace shmbus::bench;
  occupy_standard_descriptors();
  shmbus::measure::block_signals();
  try {
    return run(argc, argv);
  } catch (const shmbus::measure::Interrupted& interrupted) {
    shmbus::measure::end_by(interrupted.signal());
  } catch (const shmbus::Error& error) {
    fmt::print(stderr, "shmbus-bench: {}\n", error.what());
    return is_usage(error.code()) ? usage : failure;
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "shmbus-bench: {}\n", error.what());
    return usage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "shmbus-bench: {}\n", error.what());
    return failure;
  }
}
