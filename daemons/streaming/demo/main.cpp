// shmbus-demo: the example platform, first with calls that fail, then with a bus to which services are added while it runs.

#include <chrono>
#include <csignal>
#include <exception>
#include <string>

#include <fmt/format.h>

#include "demo/demonstration.hpp"
#include "demo/failure.hpp"
#include "demo/workspace.hpp"

namespace {

int run(const demo::DemoOptions& options) {
  const auto began = std::chrono::steady_clock::now();
  demo::remove_leftovers();
  const demo::DemoInput input = demo::read_input(options);
  const shmbus::tool::SignalScope stop;
  demo::Terminal terminal;
  demo::Checks checks;
  std::string name;
  {
    const demo::Workspace workspace;
    name = workspace.name();
    demo::Demonstration demonstration{options, input, stop, terminal, checks, name, workspace.folder()};
    terminal.title(options.two_hosts ? "shmbus: a user starts a video, and six services on two hosts react"
                                     : "shmbus: a user starts a video, and six services react");
    terminal.line(
        fmt::format("   {}; {} for genres", input.description, input.movies.empty() ? "made-up ones" : "movies.csv"));
    if (options.two_hosts) {
      demo::show_two_hosts(demonstration);
    } else {
      const demo::CallFigures calls = demo::show_calls(demonstration);
      const demo::EventFigures events = demo::show_events(demonstration);
      demo::compare(demonstration, calls, events);
      demo::show_stream(demonstration);
      demo::show_reboot(demonstration);
      demo::show_trace(demonstration);
    }
  }
  checks.expect(demo::shared_memory_named(name).empty(), "nothing is left in /dev/shm");

  terminal.heading(options.two_hosts ? "2  Checks" : "6  Checks");
  checks.show(terminal);
  const auto took = demo::readable(std::chrono::steady_clock::now() - began);
  terminal.blank();
  terminal.line(checks.failed() == 0 ? terminal.good(fmt::format("The demonstration passed, in {}.", took))
                                     : terminal.bad(fmt::format("{} checks failed.", checks.failed())));
  return checks.failed() == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  demo::DemoOptions options;
  shmbus::tool::CommandLine line(
      "shmbus-demo", {}, "Shows with seven services what the bus is for, and checks that it works. Takes under two minutes.");
  demo::add_demo_options(line.program(), options);
  line.program().action([&] {
    std::signal(SIGPIPE, SIG_IGN);  // a closed output is an error like others, after which we clean up
    try {
      return run(options);
    } catch (const demo::Stopped& stopped) {
      fmt::print(stderr, "\nshmbus-demo: interrupted; everything it made is removed\n");
      return 128 + stopped.signal;
    } catch (const std::exception& error) {
      fmt::print(stderr, "shmbus-demo: {}\n", error.what());
      return 1;
    }
  });
  return line.run(argc, argv);
}
