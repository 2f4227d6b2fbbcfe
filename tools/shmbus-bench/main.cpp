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
  tool::CommandLine line("shmbus-bench", SHMBUS_VERSION,
                         "Measures shmbus on this machine, against the machine's own floor where there is one.",
                         {.verb = "measure", .examples = "latency"});
  add_options(line.program(), settings);
  line.program().explain(R"(Options stand before or after the measure. First steps:
  shmbus-bench latency
  shmbus-bench throughput --sizes 64,1K --json
shmbus-bench MEASURE --help says more, and how it is measured.

What is compared is measured in turns within one run, so compare within one run only. The bus it makes is named
bench-<pid>, and is removed in the end, also on Ctrl-C. Exit status: 0 measured, 1 failed, 2 wrong use.)");
  add_latency(line, settings);
  add_throughput(line, settings);
  add_fanout(line, settings);
  add_payload(line, settings);
  add_publish(line, settings);
  add_wakeup(line, settings);
  add_dispatch(line, settings);
  add_attach(line, settings);
  add_idle(line, settings);
  add_soak(line, settings);
  line.explain_verbs("\n\nOptions of all measures: see shmbus-bench --help.");
  return line.run(argc, argv);
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
