#include "common/service_options.hpp"

#include <CLI/CLI.hpp>

namespace streaming {
namespace {

void add_milliseconds(CLI::App& app, const std::string& name, std::chrono::milliseconds& value,
                      const std::string& text) {
  app.add_option_function<std::int64_t>(
         name, [&value](std::int64_t count) { value = std::chrono::milliseconds{count}; },
         text + " [" + std::to_string(value.count()) + "]")
      ->check(CLI::Range(0, 3'600'000))
      ->type_name("MS");
}

}  // namespace

void add_bus_option(CLI::App& app, std::string& bus) {
  app.add_option("--bus", bus, "the bus to use; it is created if there is none")
      ->capture_default_str()
      ->envname("SHMBUS_BUS")
      ->type_name("NAME");
}

void add_service_options(CLI::App& app, ServiceOptions& options) {
  add_bus_option(app, options.bus);
  app.add_option("--state", options.state,
                 "keep the state in this file, and go on after the last event it holds; without one, begin with the "
                 "oldest event")
      ->type_name("FILE");
  app.add_option("--movies", options.movies, "CSV with the columns movieId and genres; without it genres are made up")
      ->type_name("FILE");
  app.add_option("--report", options.report, "write what was done as JSON when the service ends")->type_name("FILE");
  app.add_option("--until", options.until,
                 "end once the event with this sequence is handled; by default only SIGINT or SIGTERM ends it")
      ->type_name("N");
  app.add_flag("--reliable", options.reliable,
               "lose nothing: while this service is behind, or stopped, video-service waits, then leaves watches unpublished");
  add_milliseconds(app, "--save-interval", options.save_interval, "time between two saves of the state");
  add_milliseconds(app, "--work", options.work, "how long this service works at each event, to look at it meanwhile");
  app.add_option(
         "--serve", options.serve,
         "do not use the bus: answer calls on this Unix socket, one after another")
      ->type_name("SOCKET");
  add_milliseconds(app, "--service-time", options.service_time, "with --serve, how long each call takes");
}

}  // namespace streaming
