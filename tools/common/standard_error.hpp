#pragma once

#include <string_view>

namespace shmbus::tool {

/// One line on standard error, the program's name in front: "shmbus: ...".
void complain(std::string_view text);

/// The same, for a person who watches; where standard error is no terminal it says nothing.
void hint(std::string_view text);

}  // namespace shmbus::tool
