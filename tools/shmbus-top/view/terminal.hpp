#pragma once

namespace shmbus::top {

/// The value of TERM, or "dumb" if it is not set.
const char* terminal_name();

/// Returns false only if terminfo knows that the terminal can't move its cursor.
bool can_move_cursor(const char* terminal);

}  // namespace shmbus::top
