#include "existing_bus.hpp"

#include "shmbus/inspector.hpp"

namespace shmbus::tool {

Bus open_existing(const std::string& bus) {
  const Inspector existing{bus};
  return Bus::open(bus);
}

}  // namespace shmbus::tool
