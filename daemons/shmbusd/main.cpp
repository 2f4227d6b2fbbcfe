// shmbusd: looks after the buses of this machine. See shmbusd(8).

#include <unistd.h>

#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "daemon.hpp"
#include "log.hpp"
#include "program.hpp"
#include "signal_queue.hpp"

namespace {

constexpr const char* default_path = SHMBUS_SYSCONFDIR "/shmbus/shmbusd.toml";

int run(int argc, char** argv) {
  using namespace shmbus::daemon;
  std::string path;
  bool check = false;
  CLI::App app{
      "Housekeeping for shmbus, in no data path: frees at once what dead processes left, warns of subscribers that "
      "hold publishers back and of /dev/shm running short, and serves metrics to Prometheus.",
      "shmbusd"};
  app.set_version_flag("--version", "shmbusd " SHMBUS_VERSION);
  app.add_option("-c,--config", path,
                 fmt::format("The configuration, in TOML (default: {}, if it exists)", default_path))
      ->type_name("FILE");
  app.add_flag("--check", check, "Only check the configuration, and report its mistakes");
  app.footer(
      "SIGHUP reads the configuration again, SIGTERM and SIGINT end it. See shmbusd(8).\n"
      "Exit status: 0 success, 1 failure, 2 wrong arguments or configuration.");
  if (const auto status = shmbus::tool::parse(app, argc, argv)) return *status;
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

}  // namespace

int main(int argc, char** argv) {
  return shmbus::tool::run_program([&] { return run(argc, argv); });
}
