#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <vector>

#include "batch.hpp"
#include "command_line.hpp"
#include "model/bus_list.hpp"
#include "model/watch.hpp"
#include "options.hpp"
#include "program.hpp"
#include "run_screen.hpp"
#include "shmbus/inspector.hpp"
#include "standard_error.hpp"
#include "view/screen.hpp"

namespace shmbus::top {
namespace {

/// Checks the bus for output without a list to choose from.
int print(const Options& options) {
  std::string bus = options.bus;
  if (bus.empty()) {
    const std::vector<std::string> buses = Inspector::buses();
    const bool has_default = std::find(buses.begin(), buses.end(), default_bus) != buses.end();
    bus = has_default ? default_bus : only_bus(buses).value_or("");
    if (bus.empty())
      return tool::refuse(fmt::format("no bus is named; buses here: {}", fmt::join(buses, ", ")), "shmbus-top --help");
  }
  Watch watch{bus};
  return run_batch(watch, options);
}

int show(const Options& options) {
  if (options.plain()) return print(options);
  if (!Screen::usable()) {
    if (::isatty(STDOUT_FILENO) == 1 && ::isatty(STDIN_FILENO) == 1) return print(options);
    tool::complain("standard input and output: expected a terminal, found none; use --batch or --json");
    return tool::exit_usage;
  }
  return run_screen(options.bus.empty() ? only_bus(Inspector::buses()).value_or("") : options.bus, options);
}

int run(int argc, char** argv) {
  tool::CommandLine line(
      "shmbus-top", SHMBUS_VERSION,
      "Watch a shmbus bus: its topics, subscribers, publishers and nodes, with lags and what holds publishers back.");
  line.program().explain(
      R"(It only looks: it joins no bus and takes no lock. Press ? for the keys. On a terminal that can't move its
cursor it prints batches; with NO_COLOR in the environment it has no colours.

Examples:
  shmbus-top streaming
  shmbus-top -p subscribers -s lost
  shmbus-top -b -n 3 -d 0.5 -p publishers
  shmbus-top --json | jq '.subscribers[] | select(.state == "gating")'

Exit status: 0 good, 1 the bus or part of it can't be read, or was removed while it was printed, 2 wrong arguments.)");
  const OptionParser parser{line.program()};
  line.program().action([&] { return show(parser.options()); });
  return line.run(argc, argv);
}

}  // namespace
}  // namespace shmbus::top

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "");  // names of processes may be in any script
  return shmbus::tool::run_program([&] { return shmbus::top::run(argc, argv); });
}
