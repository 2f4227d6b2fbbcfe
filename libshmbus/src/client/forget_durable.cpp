#include "client/forget_durable.hpp"

#include "client/durable_subscription.hpp"
#include "durable/durable_files.hpp"
#include "durable/name_lock.hpp"
#include "log/held_port.hpp"
#include "registry/bus_name_lock.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::detail {

namespace {

/// No publisher waits for a name that is forgotten.
void free_places(BusCore& bus, const base::DurableName& name) {
  for (const auto& topic : bus.topics().ready()) {
    try {
      if (const auto segment = bus.find(*topic.name, platform::Access::read_only))
        log::free_held_ports(segment->log(), name.text());
    } catch (const Error&) {
      // Without the right to open the topic: publishers wait for it until its time is up.
    }
  }
}

}  // namespace

bool forget_durable(BusCore& bus, const base::DurableName& name) {
  bus.check_open();
  const auto lock = durable::take_name_lock(bus.registry(), name);
  if (!lock) throw DurableSubscription::busy_error(bus, name);
  SHMBUS_CRASH_POINT("forget.locked");
  const auto bus_name = registry::lock_bus_name(bus.registry(), platform::Lock::shared);
  if (!bus_name) throw bus.registry().removed_error();
  free_places(bus, name);
  return durable::remove_files(bus.registry(), name);
}

}  // namespace shmbus::detail
