#include "client/bus_removal.hpp"

#include <unistd.h>

#include "layout/segment_checks.hpp"
#include "platform/mapping.hpp"
#include "registry/bus_name_lock.hpp"
#include "registry/registry.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"
#include "topic/topic_removal.hpp"

namespace shmbus::detail {

using layout::RegistryHeader;
using platform::Access;
using platform::Lock;
using platform::SegmentFile;

namespace {

/// Marks the bus as removed, so that members notice it before the names are unlinked. A damaged registry is removed,
/// too, but not marked. A hard link to another bus's registry is unlinked, and that bus stays.
void tell_members(const SegmentFile& file, const base::BusName& bus) {
  if (file.state().size < sizeof(RegistryHeader)) return;
  const platform::Mapping mapping(file, Access::read_write, 0, sizeof(RegistryHeader), bus.object());
  auto* header = reinterpret_cast<RegistryHeader*>(mapping.address());
  if (header->magic == layout::kRegistryMagic && header->name.load() == bus.text())
    header->removed.store(1, std::memory_order_seq_cst);
}

/// Another user's segment does not prevent the removal of the bus: its name is unlinked where that is allowed, and the
/// segment itself is not touched.
void unlink_of_other(const std::string& segment) noexcept {
  try {
    SegmentFile::unlink(segment, "segment '" + segment + "'");
  } catch (const std::exception&) {
    // It stays, as a topic that no process trusts.
  }
}

/// The registry's own name is unlinked last: if the remover dies, the name is still there, and the next remover goes
/// on.
void unlink_all(const base::BusName& bus) {
  const std::string object = bus.object(), name = bus.registry_file();
  topic::finish_removals(bus, {});
  for (const std::string& segment : SegmentFile::list(bus.file_prefix())) {
    if (segment == name) continue;
    try {
      if (const auto topic = bus.topic_of_control_file(segment))
        topic::unlink_topic(bus, *topic, {});
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

bool remove_bus(const base::BusName& bus) {
  const std::string object = bus.object();
  auto file = SegmentFile::open(bus.registry_file(), Access::read_write, object);
  if (!file) {
    // The registry was unlinked by hand: remove what is left under the name of a new registry, which no process can
    // join.
    if (SegmentFile::list(bus.file_prefix()).empty()) return false;
    registry::Registry::create_removed(bus);
    file = SegmentFile::open(bus.registry_file(), Access::read_write, object);
    if (!file) return true;
  }
  layout::check_owner(file->state(), {}, object);
  if (!SegmentFile::may_unlink(file->state())) {  // before the bus is marked as removed
    throw Error(ErrorCode::permission, {object, "the right to unlink its segments",
                                        "uid " + std::to_string(::geteuid()), "remove it as its owner"});
  }
  const auto held = registry::lock_bus_name(*file, bus, Lock::exclusive);
  if (!held) return true;  // another process has done it
  SHMBUS_CRASH_POINT("bus_removal.held");
  tell_members(*file, bus);
  SHMBUS_CRASH_POINT("bus_removal.announced");
  unlink_all(bus);
  return true;
}

void withdraw_topic(const base::BusName& bus, const base::TopicName& topic, const platform::SegmentName& control,
                    const std::string& log_name) {
  const std::string object = topic.object();
  while (control.leads_to_file()) {
    auto file = SegmentFile::open(bus.registry_file(), Access::read_write, bus.object());
    if (!file) {
      if (registry::Registry::create_removed(bus)) remove_bus(bus);  // and everything else that was left
      continue;
    }
    const auto held = registry::lock_bus_name(*file, bus, Lock::exclusive);
    if (!held || !control.leads_to_file()) continue;
    SegmentFile::unlink(log_name, object);
    SegmentFile::unlink(control.name(), object);
  }
  SegmentFile::unlink(log_name, object);  // no other log ever has that name
}

}  // namespace shmbus::detail
