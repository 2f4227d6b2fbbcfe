#include "chosen_buses.hpp"

#include <fmt/format.h>

#include "shmbus/error.hpp"
#include "shmbus/inspector.hpp"

namespace shmbus::tool {

std::vector<BusFiles> chosen_buses(const CLI::App& program, const std::string& bus) {
  std::vector<BusFiles> all = Inspector::files();
  if (program.get_option("--bus")->count() == 0) return all;
  std::erase_if(all, [&](const BusFiles& files) { return files.bus != bus; });
  if (all.empty()) {
    throw Error(ErrorCode::not_found, {.object = fmt::format("bus '{}'", bus),
                                       .expected = "to exist",
                                       .found = "no such bus",
                                       .remedy = "check the name (shmbus ls --buses)"});
  }
  return all;
}

}  // namespace shmbus::tool
