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

int run(const CLI::App& program, const std::string& bus, bool json) {
  const auto buses = chosen_buses(program, bus);
  std::vector<Finding> findings = examine_machine();
  for (const BusFiles& files : buses) {
    auto more = examine_bus(files);
    std::move(more.begin(), more.end(), std::back_inserter(findings));
  }
  Output out;
  for (const Finding& finding : findings) out.text() += json ? finding_json(finding) : finding_text(finding);
  if (findings.empty()) hint(fmt::format("all is well, with {} buses looked at", buses.size()));
  out.flush();
  return std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return f.kind == Finding::Kind::fault; })
             ? 1
             : 0;
}

}  // namespace

Verb doctor_verb(CLI::App& program, const std::string& bus) {
  CLI::App* app = program.add_subcommand("doctor", "Find limits, traps and what crashes left, each with its remedy");
  const auto json = std::make_shared<bool>(false);
  app->add_flag("-j,--json", *json, "One JSON object a line");
  app->footer(
      R"(It examines the machine (kernel, clock source, membarrier, /dev/shm, limits) and every bus, or the one that --bus
or SHMBUS_BUS names: version and damage, owner and mode, RemoveIPC of systemd, limits of members that topics run
into, dead nodes and what they left, topics half made or removed, who holds publishers back beyond the stall
limit. It changes nothing.

A fault is followed by its remedy, and makes the exit status 1; a note is good to know.

Examples:
  shmbus doctor
  shmbus doctor --bus streaming --json | jq 'select(.kind == "fault")')");
  return {app, [json, &program, &bus] { return run(program, bus, *json); }};
}

}  // namespace shmbus::tool
