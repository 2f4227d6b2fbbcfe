#include "durable_rate.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "job.hpp"
#include "measure/role_processes.hpp"

namespace peers {

namespace measure = shmbus::measure;
using Clock = std::chrono::steady_clock;

namespace {

/// Durable events a second of all clients together.
double rate(const DurablePeer& peer, const DurableJob& job) {
  const Cleared cleared(peer.clear);
  // Not pinned: there are more clients than cores, and most of them sleep.
  measure::RoleProcesses clients{measure::Placement{}};
  for (unsigned i = 0; i < job.clients; ++i) {
    clients.add("client " + std::to_string(i + 1), [&](measure::Role& role) {
      const std::unique_ptr<DurableClient> client = peer.client(job);
      client->write();  // all that is made at the first use is there
      for (;;) {
        role.advance(job.outstanding);
        client->write();
      }
    });
  }
  clients.start();
  const auto watch = [&](double seconds) {
    if (clients.keep_watch({}, std::chrono::nanoseconds{static_cast<std::int64_t>(seconds * 1e9)})) {
      throw measure::Failure("the clients ended too early");
    }
  };
  while (clients.done() < std::uint64_t{job.clients} * job.outstanding) watch(0.01);
  watch(job.seconds / 5);
  const std::uint64_t before = clients.done();
  const auto began = Clock::now();
  watch(job.seconds);
  return static_cast<double>(clients.done() - before) / std::chrono::duration<double>(Clock::now() - began).count();
}

}  // namespace

int measure_durable(const DurablePeer& peer, int argc, char** argv) {
  DurableJob job;
  CLI::App app{peer.description, peer.name};
  app.require_subcommand(1);
  CLI::App* command = app.add_subcommand("durable", "Events a second that are on stable storage");
  command->add_option("--at", job.at, "A folder on the disk, or the server's socket")->required();
  command->add_option("--clients", job.clients, "Processes")->check(CLI::Range(1, 1000))->capture_default_str();
  command->add_option("--outstanding", job.outstanding, "Events that a client sends before it waits for the disk")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->add_option("--size", job.size, "Bytes of an event")->check(CLI::Range(1, 65536))->capture_default_str();
  command->add_option("--seconds", job.seconds, "How long to measure, after a warm-up of a fifth of it")
      ->check(CLI::Range(0.001, 3600.0))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return reported(peer.name, [&] {
    const nlohmann::ordered_json line{{"program", peer.name},
                                      {"measure", "durable"},
                                      {"clients", job.clients},
                                      {"outstanding", job.outstanding},
                                      {"size", job.size},
                                      {"seconds", job.seconds},
                                      {"events_per_second", rate(peer, job)}};
    fmt::print("{}\n", line.dump());
    return 0;
  });
}

}  // namespace peers
