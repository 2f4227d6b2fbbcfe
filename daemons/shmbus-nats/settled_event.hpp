#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "state_file.hpp"

namespace shmbus::bridge {

enum class Settled : std::uint8_t {
  published,      ///< the event is on the bus
  not_published,  ///< the claim was given up
  unknown,        ///< it has left the ring
};

/// What became of an event that a process was publishing when it died. *Requires* that its claims were finished:
/// Bus::reap. Throws Error.
Settled find_settled(const std::string& bus, const std::vector<uid_t>& owners, const StateFile::Pending& pending);

}  // namespace shmbus::bridge
