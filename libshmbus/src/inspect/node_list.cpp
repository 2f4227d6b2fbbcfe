#include "inspect/node_list.hpp"

#include "platform/process.hpp"

namespace shmbus::detail {

namespace {

void ask_system(NodeSnapshot& node) {
  if (!node.local || node.pid <= 0) return;
  const auto process = platform::process_state(node.pid);
  if (!process) return;
  node.cpu_time = std::chrono::nanoseconds(process->cpu_ns);
  if (node.alive && (process->state == 'T' || process->state == 't')) node.state = NodeState::stopped;
}

}  // namespace

NodeList::NodeList(const registry::Registry& registry) : registry_(&registry) {
  const std::uint64_t here = platform::pid_namespace();
  for (unsigned i = 0; i < registry.nodes(); ++i) {
    const layout::NodeEntry& entry = registry.header().node_table[i];
    const std::uint64_t id = entry.id.load(std::memory_order_acquire);
    if (id == 0) continue;
    // Only shown to people. A node that is just entering may show the data of the former node: it wins the entry by
    // writing its id, and writes the rest afterwards.
    NodeSnapshot seen;
    seen.pid = entry.pid.load(std::memory_order_acquire);
    seen.uid = entry.uid.load(std::memory_order_acquire);
    seen.program = entry.name.load();
    seen.started = Time{std::chrono::nanoseconds{entry.started_ns.load(std::memory_order_acquire)}};
    seen.local = here != 0 && entry.pid_namespace.load(std::memory_order_acquire) == here;
    if (entry.id.load(std::memory_order_acquire) != id) continue;  // SYNC text: it left; the data may be another node's
    NodeSnapshot& node = at(id);
    nodes_[id].listed = true;
    node.pid = seen.pid;
    node.uid = seen.uid;
    node.program = std::move(seen.program);
    node.started = seen.started;
    node.local = seen.local;
    if (node.alive) ask_system(node);
  }
}

NodeSnapshot& NodeList::at(std::uint64_t id) {
  const auto [found, is_new] = nodes_.try_emplace(id);
  NodeSnapshot& node = found->second.node;
  if (is_new) {
    node.id = id;
    node.alive = id != 0 && registry_->alive(id);
    node.state = node.alive ? NodeState::alive : NodeState::dead;
  }
  return node;
}

std::vector<NodeSnapshot> NodeList::take() {
  std::vector<NodeSnapshot> listed;
  for (auto& [id, entry] : nodes_) {
    if (entry.listed) listed.push_back(std::move(entry.node));
  }
  return listed;
}

}  // namespace shmbus::detail
