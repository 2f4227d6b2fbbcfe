#include "bridge_program.hpp"

#include <string>

#include <fmt/format.h>

#include "bridge_daemon.hpp"
#include "command_line.hpp"
#include "log.hpp"
#include "program.hpp"
#include "signal_queue.hpp"

namespace shmbus::bridge {
namespace {

constexpr const char* default_path = SHMBUS_SYSCONFDIR "/shmbus/shmbus-nats.toml";

int run(const std::string& path, bool check, bool take_over) {
  try {
    if (check) {
      read_settings(path);
      return 0;
    }
    tool::block_signals();
    daemon::start_log("shmbus-nats");
    BridgeDaemon(path, take_over).run();
    return 0;
  } catch (const SettingsError& error) {
    fmt::print(stderr, "{}\n", error.what());
    return tool::exit_usage;
  }
}

int run(int argc, char** argv) {
  std::string path = default_path;
  bool check = false, take_over = false;
  tool::CommandLine line(
      "shmbus-nats", SHMBUS_VERSION,
      "Carries events between a shmbus bus and NATS JetStream, so that the buses of several machines share them.");
  line.program()
      .option("-c,--config", "FILE", tool::text_value(path),
              fmt::format("The configuration, in TOML (default: {})", default_path))
      .flag("--check", check, "Only check the configuration, and report its mistakes")
      .flag("--take-over", take_over, "Go on with a stream that another machine or bus wrote, which will not write it again")
      .explain(
          "SIGHUP reads the configuration again, SIGTERM and SIGINT end it. See shmbus-nats(8).\n"
          "Exit status: 0 success, 1 failure, 2 wrong arguments or configuration.")
      .action([&] { return run(path, check, take_over); });
  return line.run(argc, argv);
}

}  // namespace

int run_bridge(int argc, char** argv) {
  return tool::run_program([&] { return run(argc, argv); });
}

}  // namespace shmbus::bridge
