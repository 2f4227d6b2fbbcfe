#include <fmt/format.h>

#include <algorithm>

#include "finding.hpp"
#include "process_view.hpp"
#include "quantity_text.hpp"

namespace shmbus::tool {
namespace {

/// How much memory the topics that a node publishes to may use: all of their rings, and one block each to rotate into.
std::uint64_t may_take(const BusSnapshot& bus, std::uint64_t node) {
  std::uint64_t bytes = 0;
  for (const TopicSnapshot& topic : bus.topics) {
    const bool publishes = std::any_of(topic.publishers.begin(), topic.publishers.end(),
                                       [&](const PublisherSnapshot& p) { return p.node == node; });
    if (publishes) bytes += (topic.info.blocks + 1) * topic.info.block_size;
  }
  return bytes;
}

}  // namespace

std::vector<Finding> examine_limits(const std::string& process_name, const ProcessView& view, std::uint64_t topics) {
  std::vector<Finding> findings;
  const auto fault = [&](std::string text, std::string remedy) {
    findings.push_back({Finding::Kind::fault, {}, process_name + " " + std::move(text), std::move(remedy)});
  };
  const std::uint64_t topic = TopicOptions{}.address_space();
  if (view.address_space && view.address_space_used + topic > *view.address_space)
    fault(
        fmt::format("may have {} of address space (RLIMIT_AS), of which {} are in use: a topic with the default "
                    "options reserves {}",
                    byte_count(*view.address_space), byte_count(view.address_space_used), byte_count(topic)),
        "raise it (ulimit -v; systemd: LimitAS=), since reserved address space uses no memory; or create topics with fewer "
        "or smaller blocks");
  if (view.file_size && *view.file_size < topic)
    fault(fmt::format("may make files of {} at most (RLIMIT_FSIZE): a topic with the default options has {} of address "
                      "space, so it can't create one",
                      byte_count(*view.file_size), byte_count(topic)),
          "raise it (ulimit -f; systemd: LimitFSIZE=), or have another process create the topics");
  if (view.locked != 0 && view.locked_memory && view.locked + topic > *view.locked_memory)
    fault(fmt::format("locks its memory, and may lock {} (RLIMIT_MEMLOCK), of which {} are locked: a topic with the "
                      "default options counts as {} once mlockall(MCL_FUTURE) was called",
                      byte_count(*view.locked_memory), byte_count(view.locked), byte_count(topic)),
          "raise it (ulimit -l; systemd: LimitMEMLOCK=), or give the process CAP_IPC_LOCK");
  constexpr std::uint64_t few = 8;  // descriptors: what opening a bus and a topic takes for a moment
  if (view.descriptors && view.descriptors_used + few > *view.descriptors)
    fault(fmt::format("has {} of its {} descriptors in use (RLIMIT_NOFILE): it can attach to no more topics",
                      view.descriptors_used, *view.descriptors),
          "raise it (ulimit -n; systemd: LimitNOFILE=), or find what leaks descriptors; topics keep none");
  if (view.memory && topics > *view.memory)
    fault(
        fmt::format("may use {} of memory (control group), and the topics it publishes to may take {}: memory that it is "
                    "the first to use counts there, and the kernel kills a process that exceeds the limit",
                    byte_count(*view.memory), byte_count(topics)),
        "raise it (memory.max; systemd: MemoryMax=; containers: --memory), or use fewer or smaller blocks");
  return findings;
}

std::vector<Finding> examine_limits(const BusSnapshot& bus) {
  std::vector<Finding> findings;
  for (const NodeSnapshot& node : bus.nodes) {
    if (!node.alive || !node.local) continue;  // a pid of another namespace means nothing here
    auto more = examine_limits(fmt::format("{} (pid {})", node.program, node.pid),
                               view_process(fmt::format("/proc/{}", node.pid)), may_take(bus, node.id));
    for (Finding& finding : more) {
      finding.bus = bus.name;
      // A process may be several nodes.
      const bool known =
          std::any_of(findings.begin(), findings.end(), [&](const Finding& f) { return f.text == finding.text; });
      if (!known) findings.push_back(std::move(finding));
    }
  }
  return findings;
}

}  // namespace shmbus::tool
