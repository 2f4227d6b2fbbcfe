#pragma once

#include <string>

namespace shmbus::bridge {

/// Tells this machine from others: sixteen hexadecimal digits that follow from machine-id(5), which itself should not leave
/// the machine; where there is none, from the id of this boot.
std::string machine_id();

}  // namespace shmbus::bridge
