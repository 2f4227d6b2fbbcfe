#include "client/open_registry.hpp"

#include "base/names.hpp"
#include "client/bus_removal.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

std::shared_ptr<registry::Registry> open_registry(const std::string& bus, const BusOptions& options) {
  using registry::Registry;
  base::check_bus_name(bus);
  Registry::check_options(bus, options);
  constexpr int kTries = 100;  // each needs another process to create or remove the bus meanwhile
  for (int i = 0; i < kTries; ++i) {
    auto registry = Registry::find(bus, platform::Access::read_write, options.owners);
    if (!registry && !options.create) throw Registry::absent_error(bus);
    if (!registry) registry = Registry::create(bus, options);
    if (registry && !registry->removed()) return registry;
    if (registry) remove_bus(bus);  // its remover has not finished: help
  }
  throw Error(ErrorCode::busy,
              {base::bus_object(bus), "to stay created", "others create and remove it all the time", "try again"});
}

}  // namespace shmbus::detail
