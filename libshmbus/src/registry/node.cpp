#include "registry/node.hpp"

#include <unistd.h>

#include "platform/clock.hpp"
#include "platform/process.hpp"
#include "platform/system_error.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::registry {

using layout::NodeEntry;

namespace {

/// Opens the registry file once more: the lock belongs to an open file description of its own.
platform::SegmentFile open_lock(const Registry& registry) {
  const std::string object = registry.bus().object();
  auto file = platform::SegmentFile::open(registry.bus().registry_file(), platform::Access::read_write, object);
  if (!file || !file->is_same(registry.file())) {
    throw Error(ErrorCode::closed, {object, "to exist while a process attaches", "it was removed", "open it again"});
  }
  return std::move(*file);
}

platform::LockedByte lock(const Registry& registry, std::uint64_t id) {
  const std::string object = registry.bus().object();
  if (id != 0 && id < layout::kRemovalLock) {
    if (auto locked = platform::LockedByte::take(open_lock(registry), id, object)) return std::move(*locked);
  }
  throw Error(ErrorCode::corrupt, {object, "a fresh node id", "id " + std::to_string(id) + ", which is taken",
                                   "its registry was overwritten: remove the bus"});
}

}  // namespace

Node::Node(std::shared_ptr<Registry> registry) : Node(std::move(registry), platform::NoFork()) {}

// No fork begins until a mapping alone holds the lock, and this node listens for forks. A child that inherited the
// descriptor would keep this node alive, and a child that was not notified of the fork would act as this node.
Node::Node(std::shared_ptr<Registry> registry, const platform::NoFork&)
    : registry_(std::move(registry)),
      id_(registry_->header().next_node.fetch_add(1)),
      lock_(lock(*registry_, id_)) {  // N1
  SHMBUS_CRASH_POINT("node.locked");
  entry_ = take_entry();
  SHMBUS_CRASH_POINT("node.entered");
  NodeEntry& e = registry_->header().node_table[entry_];
  e.pid.store(::getpid(), std::memory_order_relaxed);  // only shown to people
  e.uid.store(::geteuid(), std::memory_order_relaxed);
  e.started_ns.store(platform::system_ns(), std::memory_order_relaxed);
  e.name.store(platform::program_name());
  e.pid_namespace.store(platform::pid_namespace(), std::memory_order_relaxed);
  SHMBUS_CRASH_POINT("node.described");
  listen();
}

Node::~Node() {
  stop_listening();
  if (!valid()) return;
  std::uint64_t mine = id_;
  registry_->header().node_table[entry_].id.compare_exchange_strong(mine, 0, std::memory_order_acq_rel);
  SHMBUS_CRASH_POINT("node.left");
}  // unmaps the page, which frees the lock

unsigned Node::take_entry() {
  auto& table = registry_->header().node_table;
  for (bool reaped = false;;) {
    for (unsigned i = 0; i < registry_->nodes(); ++i) {
      std::uint64_t free = 0;
      if (table[i].id.load(std::memory_order_relaxed) == 0 &&  // a hint; the compare-and-swap decides
          table[i].id.compare_exchange_strong(free, id_, std::memory_order_acq_rel)) {
        return i;
      }
    }
    if (registry_->grow_nodes()) continue;
    if (reaped || reap() == 0) break;
    reaped = true;
  }
  throw Error(ErrorCode::limit, {registry_->bus().object(), "at most " + std::to_string(layout::kMaxNodes) + " nodes",
                                 "all in use", "share one Bus within a process, or use several buses"});
}

bool Node::alive(std::uint64_t node) const noexcept { return node == id_ || registry_->alive(node); }

bool Node::valid() const noexcept {
  return !forked_.load(std::memory_order_relaxed) && lock_.mapped() && registry_->intact();
}

unsigned Node::reap() noexcept {
  unsigned freed = 0;
  auto& table = registry_->header().node_table;
  for (unsigned i = 0; i < registry_->nodes(); ++i) {
    std::uint64_t id = table[i].id.load(std::memory_order_acquire);
    if (id != 0 && !alive(id) && table[i].id.compare_exchange_strong(id, 0, std::memory_order_acq_rel)) ++freed;
  }
  return freed;
}

void Node::in_child() noexcept {
  lock_.forget();  // the mapping was not inherited
  forked_.store(true, std::memory_order_relaxed);
}

}  // namespace shmbus::registry
