#include "job.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>

#include "measure/interrupted.hpp"
#include "measure/payload.hpp"
#include "signal_queue.hpp"
#include "signal_scope.hpp"

namespace peers {

namespace measure = shmbus::measure;
namespace tool = shmbus::tool;

int reported(const char* name, const std::function<int()>& work) {
  tool::block_signals({SIGCHLD});
  try {
    return work();
  } catch (const measure::Interrupted& interrupted) {
    tool::end_by(interrupted.signal());
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", name, error.what());
    return 1;
  }
}

int with_job(const Ability& ability, int argc, char** argv, const std::function<int(const Job&)>& work) {
  Job job;
  CLI::App app{ability.description, ability.name};
  app.require_subcommand(1);
  const auto add = [&](const char* name, const char* description, Job::Measure measure) {
    CLI::App* command = app.add_subcommand(name, description);
    command->add_option("--size", job.size, "Bytes a message")
        ->check(CLI::Range(measure::kSmallestPayload, std::size_t{64} << 20))
        ->capture_default_str();
    command->add_option("--seconds", job.seconds, "How long to measure, after a warm-up of a fifth of it")
        ->check(CLI::Range(0.001, 3600.0))
        ->capture_default_str();
    command->add_flag("!--no-pin", job.pin, "Let the kernel choose the core of each process");
    if (ability.ring) {
      command->add_option("--ring", job.ring, "Bytes of the ring")
          ->check(CLI::Range(std::size_t{4096}, std::size_t{4} << 30))
          ->capture_default_str();
    }
    command->callback([&job, measure] { job.measure = measure; });
  };
  add("latency", "One way in nanoseconds: half of a round trip", Job::Measure::latency);
  if (ability.throughput) add("throughput", "Messages and bytes a second, one way", Job::Measure::throughput);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return reported(ability.name, [&] { return work(job); });
}

}  // namespace peers
