#include "demo/demo_options.hpp"

namespace demo {

using namespace shmbus::tool;

void add_demo_options(Command& program, DemoOptions& options) {
  program
      .option("--input", "FILE", existing_file(options.input),
              "CSV of watches with the columns userId, movieId, rating and timestamp, such as "
              "MovieLens's ratings.csv; without it they are generated")
      .option("--movies", "FILE", existing_file(options.movies),
              "CSV with the columns movieId and genres [movies.csv beside the input]")
      .option("--services", "DIR", existing_folder(options.services), "the folder with the seven services")
      .option("--events", "N", whole_number(options.events, std::to_string(options.events)),
              "how many watches to generate")
      .exclude("--events", "--input")
      .option("--seed", "N", whole_number(options.seed, std::to_string(options.seed)), "seed of the generated watches")
      .exclude("--seed", "--input")
      .option("--seconds", "S", number_between(options.seconds, 1, 3600), "how long the stream of watches takes")
      .option("--service-time", "MS", milliseconds_between(options.service_time, 1, 10'000),
              "how long each service takes for a call, in milliseconds")
      .option("--calls", "N", whole_number_between(options.calls, 1, 100), "how many watches to answer with calls")
      .flag("--two-hosts", options.two_hosts,
            "show two hosts instead, joined by NATS JetStream, whose network is cut, and whose server is killed")
      .option("--nats-server", "FILE", text_value(options.nats_server), "NATS's server, for --two-hosts")
      .option("--perfetto", "FILE", text_value(options.perfetto),
              "write the trace of one watch to this file, to be opened in https://ui.perfetto.dev")
      .exclude("--perfetto", "--two-hosts");
}

}  // namespace demo
