#include "chosen_buses.hpp"

#include "shmbus/inspector.hpp"

namespace shmbus::tool {

std::vector<BusFiles> chosen_buses(const ChosenBus& bus) {
  std::vector<BusFiles> all = Inspector::files();
  if (!bus.given) return all;
  std::erase_if(all, [&](const BusFiles& files) { return files.bus != bus.name; });
  if (all.empty()) Inspector{bus.name};  // throws an error that names the existing buses
  return all;
}

}  // namespace shmbus::tool
