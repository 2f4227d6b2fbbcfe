// Measures the bridge and what nats.c does by itself. Started by tests/bench/bridge.

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>

#include "measures.hpp"

int main(int argc, char** argv) {
  bench::Job job;
  CLI::App app{"Measures the bridge to NATS, and nats.c alone. Each measure prints one line of JSON."};
  app.require_subcommand(1);
  const auto verb = [&](const char* name, const char* what, void (*measure)(const bench::Job&)) {
    CLI::App* command = app.add_subcommand(name, what);
    command->add_option("--url", job.url, "of the server");
    command->add_option("--stream", job.stream, "its name");
    command->add_option("--bus", job.bus, "where events are published");
    command->add_option("--far-bus", job.far_bus, "where they arrive");
    command->add_option("--buses", job.buses, "names, separated by commas")->delimiter(',');
    command->add_option("--count", job.count, "messages");
    command->add_option("--size", job.size, "bytes of each")->capture_default_str();
    command->add_option("--rate", job.rate, "messages per second where latency is measured")->capture_default_str();
    command->callback([&job, measure] { measure(job); });
  };
  verb("publish-nats", "nats.c publishes to a new stream", bench::publish_by_nats);
  verb("latency-nats", "from nats.c's publish to a push consumer", bench::time_by_nats);
  verb("hold-buses", "creates buses, and removes them at the end of standard input", bench::hold_buses);
  verb("publish-bus", "events go by a bus and its bridge to a stream", bench::publish_by_bus);
  verb("latency-buses", "from one bus to another", bench::time_by_buses);
  verb("publish-many", "events go by many buses and their bridges to streams", bench::publish_by_many);
  try {
    CLI11_PARSE(app, argc, argv);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bridge_bench: %s\n", error.what());
    return 1;
  }
}
