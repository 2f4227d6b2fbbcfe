#include "registry/bus_removal.hpp"

#include <unistd.h>

#include <chrono>
#include <thread>

#include "platform/fork_guard.hpp"
#include "platform/mapping.hpp"
#include "registry/names.hpp"
#include "registry/topic_removal.hpp"
#include "registry/trust.hpp"
#include "shmbus/error.hpp"
#include "shmbus/platform/crash_point.hpp"

namespace shmbus::registry {

using layout::RegistryHeader;
using platform::Access;
using platform::Lock;
using platform::LockedByte;
using platform::SegmentFile;

namespace {

/// Takes the lock that a bus's name changes hands under. Nothing: the name leads elsewhere than to `file` meanwhile.
///
/// Who unlinks a registry holds it; so while one holds it and the name leads to this registry, no other bus of that
/// name can exist, and all segments of that name are this bus's, or older.
///
/// No child inherits it, so it ends with its holder, even where another thread forks: it is held by a mapping, and no
/// fork begins while there is a descriptor that shares it.
std::optional<LockedByte> hold(const SegmentFile& file, const std::string& bus, Lock lock = Lock::exclusive) {
  using namespace std::chrono_literals;
  const std::string object = bus_object(bus), name = registry_name(bus);
  for (auto waited = 0ms;; waited += 1ms) {
    {
      const platform::NoFork no_fork;
      auto own = SegmentFile::open(name, Access::read_write, object);
      if (!own || !own->is_same(file)) return std::nullopt;
      auto held = LockedByte::take(std::move(*own), layout::kRemovalLock, object, lock);
      if (held && !file.is_named(name)) held.reset();
      if (held || !file.is_named(name)) return held;
    }
    if (waited >= 5s) {
      throw Error(ErrorCode::busy, {bus_object(bus), "to be removed by one process", "another is at it for seconds",
                                    "see whether it is stopped; try again"});
    }
    std::this_thread::sleep_for(1ms);
  }
}

/// Members learn it before the names go. A damaged registry is removed all the same, without a word to anybody.
/// A hard link to another bus's registry goes, and that bus stays.
void tell_members(const SegmentFile& file, const std::string& bus) {
  if (file.state().size != sizeof(RegistryHeader)) return;
  const platform::Mapping mapping(file, Access::read_write, 0, sizeof(RegistryHeader), bus_object(bus));
  auto* header = reinterpret_cast<RegistryHeader*>(mapping.address());
  if (header->magic == layout::kRegistryMagic && header->name.load() == bus)
    header->removed.store(1, std::memory_order_seq_cst);
}

/// What another user owns is not touched, and does not keep the bus from going: its name goes, where it may.
void unlink_of_other(const std::string& segment) noexcept {
  try {
    SegmentFile::unlink(segment, "segment '" + segment + "'");
  } catch (const std::exception&) {
    // It stays, as a topic that nobody trusts.
  }
}

/// The registry's own name goes last; a remover that dies leaves it, and the next one goes on.
void unlink_all(const std::string& bus) {
  const std::string object = bus_object(bus), name = registry_name(bus);
  finish_removals(bus, {});
  for (const std::string& segment : SegmentFile::list(bus_prefix(bus))) {
    if (segment == name) continue;
    try {
      if (const auto topic = parse_control_name(bus, segment))
        unlink_topic(bus, *topic, {});
      else
        SegmentFile::unlink(segment, object);
    } catch (const Error&) {
      unlink_of_other(segment);
    }
  }
  SHMBUS_CRASH_POINT("bus_removal.emptied");
  SegmentFile::unlink(name, object);
  SHMBUS_CRASH_POINT("bus_removal.unlinked");
}

}  // namespace

bool remove_bus(const std::string& bus) {
  check_bus_name(bus);
  const std::string object = bus_object(bus);
  auto file = SegmentFile::open(registry_name(bus), Access::read_write, object);
  if (!file) {
    // What a registry that was unlinked by hand left goes under the name of a new one, which nobody can join.
    if (SegmentFile::list(bus_prefix(bus)).empty()) return false;
    Registry::create_removed(bus);
    file = SegmentFile::open(registry_name(bus), Access::read_write, object);
    if (!file) return true;
  }
  check_owner(file->state(), {}, object);
  if (!SegmentFile::may_unlink(file->state())) {  // before anybody is told that it is gone
    throw Error(ErrorCode::permission, {object, "the right to unlink its segments",
                                        "uid " + std::to_string(::geteuid()), "remove it as its owner"});
  }
  const auto held = hold(*file, bus);
  if (!held) return true;  // somebody else has done it
  SHMBUS_CRASH_POINT("bus_removal.held");
  tell_members(*file, bus);
  SHMBUS_CRASH_POINT("bus_removal.told");
  unlink_all(bus);
  return true;
}

std::optional<LockedByte> hold_name(const Registry& registry, Lock lock) {
  return hold(registry.file(), registry.bus(), lock);
}

void withdraw_topic(const std::string& bus, const std::string& topic, const platform::SegmentName& control,
                    const std::string& log_name) {
  const std::string object = topic_object(topic);
  while (control.leads_to_file()) {
    auto file = SegmentFile::open(registry_name(bus), Access::read_write, bus_object(bus));
    if (!file) {
      if (Registry::create_removed(bus)) remove_bus(bus);  // and all else that was left
      continue;
    }
    const auto held = hold(*file, bus);
    if (!held || !control.leads_to_file()) continue;
    SegmentFile::unlink(log_name, object);
    SegmentFile::unlink(control.name(), object);
  }
  SegmentFile::unlink(log_name, object);  // no other log ever bears that name
}

}  // namespace shmbus::registry
