#include "demo/demo_options.hpp"

#include <CLI/CLI.hpp>

namespace demo {

void add_demo_options(CLI::App& app, DemoOptions& options) {
  auto* input = app.add_option("--input", options.input,
                               "CSV of watches with the columns userId, movieId, rating and timestamp, such as "
                               "MovieLens's ratings.csv; without "
                               "it they are generated")
                    ->check(CLI::ExistingFile)
                    ->type_name("FILE");
  app.add_option("--movies", options.movies, "CSV with the columns movieId and genres [movies.csv beside the input]")
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  app.add_option("--services", options.services, "the folder with the seven services")
      ->capture_default_str()
      ->check(CLI::ExistingDirectory)
      ->type_name("DIR");
  app.add_option("--events", options.events, "how many watches to generate")
      ->capture_default_str()
      ->excludes(input)
      ->type_name("N");
  app.add_option("--seed", options.seed, "seed of the generated watches")
      ->capture_default_str()
      ->excludes(input)
      ->type_name("N");
  app.add_option("--seconds", options.seconds, "how long the stream of watches takes")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 3600.0))
      ->type_name("S");
  app.add_option_function<unsigned>(
         "--service-time", [&options](unsigned count) { options.service_time = std::chrono::milliseconds{count}; },
         "how long each service takes for a call, in milliseconds [300]")
      ->check(CLI::Range(1, 10'000))
      ->type_name("MS");
  app.add_option("--calls", options.calls, "how many watches to answer with calls")
      ->capture_default_str()
      ->check(CLI::Range(1, 100))
      ->type_name("N");
  app.add_option("--perfetto", options.perfetto,
                 "write the trace of one watch to this file, to be opened in https://ui.perfetto.dev")
      ->type_name("FILE");
}

}  // namespace demo
