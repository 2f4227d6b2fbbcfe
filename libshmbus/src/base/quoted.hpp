#pragma once

#include <string>
#include <string_view>

namespace shmbus::base {

/// A name of any bytes, as error texts show it: in quotes, printable, and cut where it is very long.
std::string quoted(std::string_view name);

}  // namespace shmbus::base
