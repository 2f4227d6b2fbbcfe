#pragma once

#include <string_view>

namespace shmbus::tool {

/// One line on standard error, the program's name in front: "shmbus: ...".
void complain(std::string_view text);

/// The same, as a hint for a person: prints nothing if standard error is not a terminal.
void hint(std::string_view text);

}  // namespace shmbus::tool
