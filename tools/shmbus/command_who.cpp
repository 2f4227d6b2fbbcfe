#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <thread>

#include "blocking_process.hpp"
#include "journal_text.hpp"
#include "output.hpp"
#include "snapshot_topics.hpp"
#include "standard_error.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

/// Time between the two snapshots. A claim that stays open for this long is not an ordinary publish.
constexpr std::chrono::milliseconds look_again{100};

int run(const std::string& bus, bool json) {
  Inspector inspector{bus};
  inspector.snapshot();
  std::this_thread::sleep_for(look_again);
  BusSnapshot snapshot = inspector.snapshot();
  const int status = drop_unreadable(snapshot);
  Output out;
  const auto processes = find_blocking_processes(inspector, snapshot);
  for (const BlockingProcess& process : processes)
    out.text() += json ? blocking_process_json(process) : blocking_process_text(process);
  for (const TopicSnapshot& topic : snapshot.topics) {
    if (topic.journal)
      hint(fmt::format("topic '{}' is recorded by {}: {}", topic.info.name, recorder_text(*topic.journal),
                       journal_state_text(*topic.journal)));
  }
  if (processes.empty() && status == 0) hint(fmt::format("no process holds anything back on bus '{}'", bus));
  out.flush();
  return status;
}

}  // namespace

void add_who(CommandLine& line, const ChosenBus& bus) {
  const auto json = std::make_shared<bool>(false);
  line.verb("who", "List the processes that hold others back, for how long, and what you can do")
      .flag("-j,--json", *json, "One JSON object per line, times in nanoseconds")
      .explain(R"(It names, with their processes,
  - reliable subscribers that publishers wait for (ring),
  - groups that publishers wait for, with the event that they have not settled (ring),
  - holders of the event that a group's full window waits for (window),
  - publishers that stay between claim and commit, so that subscribers wait (claim),
  - journals that publishers wait for, with the process that records, or that none does (journal),
  - creators that stopped before their topic was usable (topic),
  - subscribers that keep blocks which have left the ring (memory),
  - subscribers that could not attach a topic they match (unread).
It looks twice within a moment. Nothing is printed where no process holds anything back.

Examples:
  shmbus who
  shmbus who --json | jq 'select(.holds == "ring").pid')")
      .action([json, &bus] { return run(bus.name, *json); });
}

}  // namespace shmbus::tool
