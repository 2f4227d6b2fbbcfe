// The main of every Catch2 test program. Each run draws a new seed, and prints it; `--rng-seed N` or
// SHMBUS_TEST_SEED=N repeats it. Tests take it from Catch::rngSeed().

#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>
#include <random>

int main(int argc, char** argv) {
  Catch::Session session;
  if (const int status = session.applyCommandLine(argc, argv); status != 0) return status;

  Catch::ConfigData& config = session.configData();
  if (config.rngSeed == 0) {
    const char* given = std::getenv("SHMBUS_TEST_SEED");
    config.rngSeed = given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 0)) : std::random_device{}();
    if (config.rngSeed == 0) config.rngSeed = 1;  // Catch2 treats 0 as "none given"
  }

  const bool lists = config.listTests || config.listTags || config.listReporters || config.listTestNamesOnly;
  if (!lists && !config.showHelp && !config.libIdentify) {
    std::cout << "seed " << config.rngSeed << " (repeat with SHMBUS_TEST_SEED=" << config.rngSeed << ")" << std::endl;
  }
  return session.run();
}
