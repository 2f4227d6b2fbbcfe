#include "client/forget_durable.hpp"

#include "client/durable_subscription.hpp"
#include "durable/durable_files.hpp"
#include "durable/name_lock.hpp"
#include "registry/bus_name_lock.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::detail {

bool forget_durable(BusCore& bus, const base::DurableName& name) {
  bus.check_open();
  const auto lock = durable::take_name_lock(bus.registry(), name);
  if (!lock) throw DurableSubscription::busy_error(bus, name);
  SHMBUS_CRASH_POINT("forget.locked");
  const auto bus_name = registry::lock_bus_name(bus.registry(), platform::Lock::shared);
  if (!bus_name) throw bus.registry().removed_error();
  return durable::remove_files(bus.registry(), name);
}

}  // namespace shmbus::detail
