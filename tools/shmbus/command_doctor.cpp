#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "chosen_buses.hpp"
#include "finding.hpp"
#include "output.hpp"
#include "standard_error.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

int run(const ChosenBus& bus, bool json) {
  const auto buses = chosen_buses(bus);
  std::vector<Finding> findings = examine_machine();
  for (const BusFiles& files : buses) {
    auto more = examine_bus(files);
    std::move(more.begin(), more.end(), std::back_inserter(findings));
  }
  if (!bus.given) {
    auto more = examine_bridge_states(buses);
    std::move(more.begin(), more.end(), std::back_inserter(findings));
  }
  Output out;
  for (const Finding& finding : findings) out.text() += json ? finding_json(finding) : finding_text(finding);
  if (findings.empty()) hint(fmt::format("all is well ({} examined)", buses.size() == 1 ? "1 bus" : fmt::format("{} buses", buses.size())));
  out.flush();
  return std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return f.kind == Finding::Kind::fault; })
             ? 1
             : 0;
}

}  // namespace

void add_doctor(CommandLine& line, const ChosenBus& bus) {
  const auto json = std::make_shared<bool>(false);
  line.verb("doctor", "Find limits, traps and what crashes left, each with its remedy")
      .flag("-j,--json", *json, "One JSON object per line")
      .explain(
          R"(It examines the machine (kernel, clock source, membarrier, /dev/shm, limits) and every bus, or the one that --bus
or SHMBUS_BUS names: version and damage, owner and mode, RemoveIPC of systemd, limits of members that topics run
into, dead nodes and what they left, topics half made or removed, subscribers that hold publishers back beyond the
stall limit, journals that nobody records, that failed or miss events, bridges to NATS that were made lossy, and bridges' state files without a bus. It changes nothing.

A fault is followed by its remedy, and where there is one by a command to copy ($); it makes the exit status 1. A
note is good to know.

Examples:
  shmbus doctor
  shmbus doctor --bus streaming --json | jq 'select(.kind == "fault")')")
      .action([json, &bus] { return run(bus, *json); });
}

}  // namespace shmbus::tool
