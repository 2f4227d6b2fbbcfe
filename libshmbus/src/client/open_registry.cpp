#include "client/open_registry.hpp"

#include "client/bus_removal.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

std::shared_ptr<registry::Registry> open_registry(const base::BusName& bus, const BusOptions& options) {
  using registry::Registry;
  Registry::check_options(bus, options);
  constexpr int kTries = 100;  // each needs another process to create or remove the bus in the meantime
  for (int i = 0; i < kTries; ++i) {
    auto registry = Registry::find(bus, platform::Access::read_write, options.owners);
    if (!registry && !options.create) throw Registry::absent_error(bus);
    if (!registry) registry = Registry::create(bus, options);
    if (registry && !registry->removed()) {
      registry->check_agreement(options);
      return registry;
    }
    if (registry) remove_bus(bus);  // its removal is not finished: help
  }
  throw Error(ErrorCode::busy,
              {bus.object(), "to exist", "other processes create and remove it all the time", "try again"});
}

}  // namespace shmbus::detail
