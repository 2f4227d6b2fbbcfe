#include "queue_rate.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "job.hpp"

namespace peers {

namespace measure = shmbus::measure;

namespace {

/// Events a second that all workers together took and acknowledged.
double rate(const QueuePeer& peer, const QueueJob& job) {
  const Cleared cleared(peer.clear);
  measure::RoleProcesses filler{measure::Placement{}};
  filler.add("filler", [&](measure::Role&) { peer.fill(job); });
  filler.run();

  measure::RoleProcesses workers{measure::Placement{}};
  for (unsigned i = 0; i < job.workers; ++i) {
    const std::string name = "worker " + std::to_string(i + 1);
    workers.add(name, [&peer, &job, name](measure::Role& role) { peer.work(job, name, role); });
  }
  workers.start();
  const std::uint64_t enough = job.events / 10 * 9;
  const auto look = [&] {
    const bool ended = workers.keep_watch({}, std::chrono::milliseconds{1});
    if (ended && workers.done() < enough) throw measure::Failure("the workers found too few events");
    return workers.done();
  };
  std::uint64_t before = 0;
  while (before == 0) before = look();
  const auto began = std::chrono::steady_clock::now();
  for (;;) {
    const std::uint64_t done = look();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    if (done >= enough || took.count() >= job.seconds) {
      if (done == before) throw measure::Failure("nothing was taken while it was measured");
      return static_cast<double>(done - before) / took.count();
    }
  }
}

}  // namespace

int measure_queue(const QueuePeer& peer, int argc, char** argv) {
  QueueJob job;
  CLI::App app{peer.description, peer.name};
  app.require_subcommand(1);
  CLI::App* command = app.add_subcommand("queue", "Events a second that workers take from a queue and acknowledge");
  command->add_option("--at", job.at, "The server's socket or address");
  command->add_option("--workers", job.workers, "Processes")->check(CLI::Range(1, 60))->capture_default_str();
  command->add_option("--events", job.events, "Events in the queue before the workers begin")
      ->check(CLI::Range(1000, 50'000'000))
      ->capture_default_str();
  command->add_option("--seconds", job.seconds, "How long to measure at most")
      ->check(CLI::Range(0.001, 3600.0))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  return reported(peer.name, [&] {
    nlohmann::ordered_json line{
        {"program", peer.name}, {"measure", "queue"}, {"workers", job.workers}, {"one_by_one", rate(peer, job)}};
    if (peer.batches) {
      job.batch = 100;
      line["by_100"] = rate(peer, job);
    }
    line["events_per_second"] = std::max(line.value("one_by_one", 0.0), line.value("by_100", 0.0));
    fmt::print("{}\n", line.dump());
    return 0;
  });
}

}  // namespace peers
