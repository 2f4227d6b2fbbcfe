#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <stdexcept>
#include <string>

#include "command.hpp"
#include "measure/interrupted.hpp"
#include "program.hpp"
#include "settings.hpp"
#include "signal_queue.hpp"
#include "signal_scope.hpp"
#include "standard_error.hpp"

namespace shmbus::bench {
namespace {

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
  const std::array commands = {latency_command(program, settings),  throughput_command(program, settings),
                               fanout_command(program, settings),   payload_command(program, settings),
                               publish_command(program, settings),  wakeup_command(program, settings),
                               dispatch_command(program, settings), attach_command(program, settings),
                               idle_command(program, settings),     soak_command(program, settings)};
  for (const Command& command : commands)
    command.app->footer(command.app->get_footer() + "\n\nOptions of all measures: see shmbus-bench --help.");
  if (const auto status = tool::parse(program, argc, argv)) return *status;
  for (const Command& command : commands) {
    if (!command.app->parsed()) continue;
    if (!command.draws && !settings.plot.empty())
      return tool::refuse("--plot: " + command.app->get_name() + " has no distribution to draw", "shmbus-bench --help");
    return command.run();
  }
  return tool::refuse("A measure is required, for example latency", "shmbus-bench --help");
}

}  // namespace
}  // namespace shmbus::bench

int main(int argc, char** argv) {
  using namespace shmbus;
  tool::block_signals({SIGCHLD});
  return tool::run_program([&] {
    try {
      return bench::run(argc, argv);
    } catch (const measure::Interrupted& interrupted) {
      tool::end_by(interrupted.signal());
    } catch (const std::invalid_argument& error) {
      tool::complain(error.what());
      return tool::exit_usage;
    }
  });
}
