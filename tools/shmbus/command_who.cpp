#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <thread>

#include "blocking_process.hpp"
#include "output.hpp"
#include "standard_error.hpp"
#include "unreadable.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

/// Between the two looks. A claim that stays so long is no usual publish.
constexpr std::chrono::milliseconds look_again{100};

int run(const std::string& bus, bool json) {
  Inspector inspector{bus};
  inspector.snapshot();
  std::this_thread::sleep_for(look_again);
  BusSnapshot snapshot = inspector.snapshot();
  const int status = drop_unreadable(snapshot);
  Output out;
  const auto processes = find_blocking_processes(inspector, snapshot);
  for (const BlockingProcess& process : processes) out.text() += json ? blocking_process_json(process) : blocking_process_text(process);
  if (processes.empty() && status == 0) hint(fmt::format("nobody holds anything back on bus '{}'", bus));
  out.flush();
  return status;
}

}  // namespace

Verb who_verb(CLI::App& program, const std::string& bus) {
  CLI::App* app = program.add_subcommand("who", "Tell who holds what back, since when, and what may be done");
  const auto json = std::make_shared<bool>(false);
  app->add_flag("-j,--json", *json, "One JSON object a line, times in nanoseconds");
  app->footer(R"(It names, with their processes,
  - reliable subscribers that publishers wait for (ring),
  - publishers that stay between claim and commit, so that subscribers wait (claim),
  - creators that stopped before their topic was usable (topic),
  - subscribers that keep blocks which have left the ring (memory),
  - subscribers that could not attach a topic they match (unread).
It looks twice within a moment. Nothing is printed where nobody holds anything back.

Examples:
  shmbus who
  shmbus who --json | jq 'select(.holds == "ring").pid')");
  return {app, [json, &bus] { return run(bus, *json); }};
}

}  // namespace shmbus::tool
