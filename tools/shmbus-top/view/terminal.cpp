#include "view/terminal.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "view/curses.hpp"
// Last, and here alone: its macros have names like `tone` and `lines`.
#include <term.h>

namespace shmbus::top {

const char* terminal_name() {
  const char* name = std::getenv("TERM");
  return name != nullptr && *name != '\0' ? name : "dumb";
}

bool can_move_cursor(const char* terminal) {
  int error = 0;
  if (::setupterm(terminal, STDOUT_FILENO, &error) != OK) return true;
  std::string capability{"cup"};
  const bool can = ::tigetstr(capability.data()) != nullptr;
  ::del_curterm(::set_curterm(nullptr));
  return can;
}

}  // namespace shmbus::top
