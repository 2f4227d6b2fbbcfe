#pragma once

#include <cstdint>

#include "registry/registry.hpp"

namespace shmbus::registry {

/// Returns a pidfd of the process of a node: readable when the process ends. Returns -1 where the node is not listed, in
/// another pid namespace, or the kernel refuses it. The pid may be another process's by now, unless the node is alive
/// after this returned.
int open_process(const Registry& registry, std::uint64_t node) noexcept;

}  // namespace shmbus::registry
