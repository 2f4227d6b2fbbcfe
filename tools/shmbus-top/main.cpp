#include <unistd.h>

#include <CLI/CLI.hpp>
#include <clocale>
#include <csignal>
#include <exception>
#include <string>
#include <system_error>

#include "batch.hpp"
#include "message.hpp"
#include "options.hpp"
#include "output.hpp"
#include "run_screen.hpp"
#include "shmbus/error.hpp"
#include "signals.hpp"
#include "view/screen.hpp"

namespace shmbus::top {
namespace {

constexpr int failure = 1;
constexpr int usage = 2;

int print_and_succeed(const std::string& text) {
  tool::Output out;
  out.text() = text;
  out.flush();
  return 0;
}

int run(int argc, char** argv) {
  CLI::App program{
      "Watch a shmbus bus: its topics, subscribers, publishers and nodes, who lags and who holds what back.",
      "shmbus-top"};
  program.set_version_flag("--version", "shmbus-top " SHMBUS_VERSION);
  program.footer(
      R"(It only looks: it joins no bus and takes no lock. Press ? for the keys. On a terminal that can't move its
cursor it prints batches; with NO_COLOR in the environment it has no colours.

Examples:
  shmbus-top streaming
  shmbus-top -p subscribers -s lost
  shmbus-top -b -n 3 -d 0.5 -p publishers
  shmbus-top --json | jq '.subscribers[] | select(.state == "gating")'

Exit status: 0 good, 1 the bus or part of it can't be read, or was removed while it was printed, 2 wrong arguments.)");
  const OptionParser parser{program};
  Options options;
  try {
    program.parse(argc, argv);
    options = parser.options();
  } catch (const CLI::CallForHelp&) {
    return print_and_succeed(program.help());
  } catch (const CLI::CallForVersion& version) {
    return print_and_succeed(std::string{version.what()} + '\n');
  } catch (const CLI::ParseError& error) {
    tool::complain(std::string{error.what()} + "; see shmbus-top --help");
    return usage;
  }
  Watch watch{options.bus};
  if (options.plain()) return run_batch(watch, options);
  if (!Screen::usable()) {
    if (::isatty(STDOUT_FILENO) == 1 && ::isatty(STDIN_FILENO) == 1) return run_batch(watch, options);
    tool::complain("standard input and output: expected a terminal, found none; use --batch or --json");
    return usage;
  }
  return run_screen(watch, options);
}

bool is_usage(ErrorCode code) { return code == ErrorCode::invalid_name || code == ErrorCode::invalid_option; }

}  // namespace
}  // namespace shmbus::top

int main(int argc, char** argv) {
  using namespace shmbus;
  std::setlocale(LC_CTYPE, "");  // names of processes may be in any script
  int status = top::failure;
  try {
    status = top::run(argc, argv);
  } catch (const Error& error) {
    tool::complain(error.what());
    status = top::is_usage(error.code()) ? top::usage : top::failure;
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::broken_pipe) tool::end_by(SIGPIPE);
    tool::complain(error.what());
  } catch (const std::exception& error) {
    tool::complain(error.what());
  }
  if (tool::received_signal() != 0) tool::end_by(tool::received_signal());
  return status;
}
