#pragma once

// The header of curses, without its macros that hide common names.
#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <ncurses.h>
