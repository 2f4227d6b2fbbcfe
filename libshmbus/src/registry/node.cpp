#include "registry/node.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/clock.hpp"
#include "platform/file_lock.hpp"
#include "platform/process.hpp"
#include "platform/system_error.hpp"
#include "registry/names.hpp"
#include "shmbus/error.hpp"
#include "shmbus/platform/crash_point.hpp"

namespace shmbus::registry {

using layout::NodeEntry;

namespace {

platform::SegmentFile open_lock(const Registry& registry) {
  const std::string object = bus_object(registry.bus());
  auto file = platform::SegmentFile::open(registry_name(registry.bus()), platform::Access::read_write, object);
  if (!file || file->state().inode != registry.file().state().inode) {
    throw Error(ErrorCode::closed, {object, "to stay while one attaches", "it was removed", "open it again"});
  }
  return std::move(*file);
}

}  // namespace

Node::Node(std::shared_ptr<Registry> registry) : Node(std::move(registry), platform::NoFork()) {}

// No fork until we listen: a child that inherited the lock's descriptor without hearing of it would keep us alive.
Node::Node(std::shared_ptr<Registry> registry, const platform::NoFork&)
    : registry_(std::move(registry)), lock_(open_lock(*registry_)), id_(registry_->header().next_node.fetch_add(1)) {
  if (id_ == 0 || id_ >= layout::kRemovalLock || !platform::lock_byte(lock_.descriptor(), id_)) {  // N1
    throw Error(ErrorCode::corrupt,
                {bus_object(registry_->bus()), "a fresh node id", "id " + std::to_string(id_) + ", which is taken",
                 "its registry was overwritten: remove the bus"});
  }
  SHMBUS_CRASH_POINT("node.locked");
  entry_ = take_entry();
  SHMBUS_CRASH_POINT("node.entered");
  NodeEntry& e = registry_->header().node_table[entry_];
  e.pid.store(::getpid(), std::memory_order_relaxed);  // for people alone
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
}  // closing the descriptor frees the lock

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
  throw Error(ErrorCode::limit,
              {bus_object(registry_->bus()), "at most " + std::to_string(layout::kMaxNodes) + " nodes", "all in use",
               "share one Bus within a process, or use several buses"});
}

bool Node::alive(std::uint64_t node) const noexcept {
  if (node == id_ || platform::byte_locked(registry_->file().descriptor(), node)) return true;
  return !valid();  // "dead" is believed only from the registry's own file: the program may have closed our descriptors
}

bool Node::valid() const noexcept {
  if (forked_.load(std::memory_order_relaxed)) return false;
  struct stat lock {
  }, file{};
  return ::fstat(lock_.descriptor(), &lock) == 0 && ::fstat(registry_->file().descriptor(), &file) == 0 &&
         lock.st_ino == file.st_ino && lock.st_dev == file.st_dev && file.st_size == sizeof(layout::RegistryHeader);
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
  // The child shares our open file description: without this it would keep the lock, and so the parent's node, alive.
  lock_.close();
  forked_.store(true, std::memory_order_relaxed);
}

}  // namespace shmbus::registry
