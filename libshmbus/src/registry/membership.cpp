#include "registry/membership.hpp"

#include <utility>

namespace shmbus::registry {

Membership Membership::of(std::shared_ptr<Registry> registry) {
  auto clock = std::make_shared<BusClock>(registry->recorded());
  return {std::make_shared<Node>(std::move(registry)), std::move(clock)};
}

}  // namespace shmbus::registry
