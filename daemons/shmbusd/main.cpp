// shmbusd: looks after the buses of this machine. See shmbusd(8).

#include <unistd.h>

#include <string>

#include <fmt/format.h>

#include "command_line.hpp"
#include "daemon.hpp"
#include "log.hpp"
#include "program.hpp"
#include "signal_queue.hpp"

namespace {

constexpr const char* default_path = SHMBUS_SYSCONFDIR "/shmbus/shmbusd.toml";

int run(std::string path, bool check) {
  using namespace shmbus::daemon;
  if (path.empty() && ::access(default_path, F_OK) == 0) path = default_path;
  try {
    if (check) {
      if (!path.empty()) read_settings(path);
      return 0;
    }
    shmbus::tool::block_signals();
    start_log("shmbusd");
    Daemon(path).run();
    return 0;
  } catch (const SettingsError& error) {
    fmt::print(stderr, "{}\n", error.what());
    return shmbus::tool::exit_usage;
  }
}

int run(int argc, char** argv) {
  std::string path;
  bool check = false;
  shmbus::tool::CommandLine line(
      "shmbusd", SHMBUS_VERSION,
      "Housekeeping for shmbus, in no data path: frees at once what dead processes left, warns of subscribers that "
      "hold publishers back and of /dev/shm running short, and serves metrics to Prometheus.");
  line.program()
      .option("-c,--config", "FILE", shmbus::tool::text_value(path),
              fmt::format("The configuration, in TOML (default: {}, if it exists)", default_path))
      .flag("--check", check, "Only check the configuration, and report its mistakes")
      .explain(
          "SIGHUP reads the configuration again, SIGTERM and SIGINT end it. See shmbusd(8).\n"
          "Exit status: 0 success, 1 failure, 2 wrong arguments or configuration.")
      .action([&] { return run(path, check); });
  return line.run(argc, argv);
}

}  // namespace

int main(int argc, char** argv) {
  return shmbus::tool::run_program([&] { return run(argc, argv); });
}
