// Processes publish, read, attach and detach, create topics and subscribe to them, and are killed, stopped and continued
// at random. Each event holds a checksum. A topic's auditor, which is never killed or stopped, sees all events. The ledger
// of every reader that lives to the end is balanced against it, and in the end nothing is left of the dead.
//
//   build/release/tests/stress/storm [--seconds N] [--seed N] [--publishers N] [--readers N]
//
// An hour by hand: build/release/tests/stress/storm --seconds 3600. Its records are bounded: about 100 MiB of memory, and a
// few MiB of /dev/shm. storm/reader_ledger.hpp says which parts of the balance are exact and which are bounded.

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <random>

#include "storm/conductor.hpp"
#include "storm/figures.hpp"

int main(int argc, char** argv) {
  storm::Options options{.seed = std::random_device{}()};
  CLI::App app{"Kills, stops and continues the processes of a bus at random, and balances what the survivors saw."};
  app.add_option("--seconds", options.seconds, "how long the storm lasts")
      ->check(CLI::Range(0.1, 1e6))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "who is harmed when, and what each process does; random if not given");
  app.add_option("--publishers", options.publishers, "that are killed")
      ->check(CLI::Range(0, 16))
      ->capture_default_str();
  app.add_option("--readers", options.readers, "that are killed")->check(CLI::Range(0, 16))->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    std::signal(signal, [](int) { storm::Conductor::interrupt(); });
  }
  std::printf("seed %llu (repeat with --seed %llu)\n", static_cast<unsigned long long>(options.seed),
              static_cast<unsigned long long>(options.seed));
  std::fflush(stdout);
  storm::Conductor conductor(options);
  std::string failure;
  int status = 0;
  try {
    conductor.run();
  } catch (const test::Interrupted&) {
    failure = "interrupted";
    status = 130;
  } catch (const std::exception& error) {
    failure = error.what();
    status = 1;
  }
  storm::print_figures(conductor);
  std::printf("%s\n", status == 0 ? "PASS" : status == 1 ? ("FAIL: " + failure).c_str() : failure.c_str());
  return status;
}
