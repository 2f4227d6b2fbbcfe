#pragma once

namespace shmbus::top {

/// What TERM says; "dumb" where it says nothing.
const char* terminal_name();

/// False only where terminfo knows the terminal, and that it can't move its cursor.
bool can_move_cursor(const char* terminal);

}  // namespace shmbus::top
