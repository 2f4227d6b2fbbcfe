#pragma once

#include <cstddef>
#include <string>

#include "rates.hpp"

namespace shmbus::tool {

// A line of `shmbus stat`, and the heading above it: as many columns as fit into `width` characters, or all if that is 0.
std::string rate_heading(std::size_t width);
std::string rate_line(const Rates& rates, const BusSnapshot& bus, std::size_t width);

}  // namespace shmbus::tool
