#include "view/screen.hpp"

#include <langinfo.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <clocale>
#include <cstdlib>
#include <cwchar>
#include <stdexcept>
#include <string_view>

#include "view/curses.hpp"
#include "view/terminal.hpp"

namespace shmbus::top {
namespace {

/// https://no-color.org: set and not empty.
bool wants_no_colour() {
  const char* value = std::getenv("NO_COLOR");
  return value != nullptr && *value != '\0';
}

constexpr short pair_good = 1, pair_notice = 2, pair_bad = 3, pair_strong = 4;

attr_t attributes(Tone tone, bool colour) {
  const auto pair_or = [colour](short pair, attr_t without) {
    return colour ? static_cast<attr_t>(COLOR_PAIR(pair)) : without;
  };
  switch (tone) {
    case Tone::plain:
      break;
    case Tone::strong:
      return A_BOLD | pair_or(pair_strong, A_NORMAL);
    case Tone::quiet:
      return colour ? A_DIM : A_NORMAL;
    case Tone::good:
      return pair_or(pair_good, A_NORMAL);
    case Tone::notice:
      return pair_or(pair_notice, A_BOLD);
    case Tone::bad:
      return A_BOLD | pair_or(pair_bad, A_NORMAL);
  }
  return A_NORMAL;
}

attr_t ground_attributes(Ground ground) {
  return ground == Ground::heading ? A_UNDERLINE : ground == Ground::chosen ? A_REVERSE : A_NORMAL;
}

}  // namespace

bool Screen::usable() {
  return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1 && can_move_cursor(terminal_name());
}

Screen::Screen() {
  utf8_ = std::string_view{::nl_langinfo(CODESET)} == "UTF-8";
  if (::newterm(terminal_name(), stdout, stdin) == nullptr)
    throw std::runtime_error(std::string{"terminal '"} + terminal_name() +
                             "': expected one that terminfo knows; set TERM, or use --batch");
  if (!wants_no_colour() && ::has_colors()) {
    colour_ = true;
    ::start_color();
    ::use_default_colors();
    ::init_pair(pair_good, COLOR_GREEN, -1);
    ::init_pair(pair_notice, COLOR_YELLOW, -1);
    ::init_pair(pair_bad, COLOR_RED, -1);
    ::init_pair(pair_strong, COLOR_CYAN, -1);
  }
  ::cbreak();
  ::noecho();
  ::nonl();
  ::curs_set(0);
  ::set_escdelay(25);
  ::keypad(stdscr, true);
  ::nodelay(stdscr, true);
  ::mouseinterval(0);  // report presses at once; the session recognises a second one on a row
  ::mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, nullptr);
}

Screen::~Screen() { ::endwin(); }

Size Screen::size() const {
  return {.height = static_cast<std::size_t>(getmaxy(stdscr)), .width = static_cast<std::size_t>(getmaxx(stdscr))};
}

void Screen::paint(const Frame& frame) {
  const Size now = size();
  ::erase();
  for (std::size_t y = 0; y < frame.lines.size() && y < now.height; ++y) {
    const Line& line = frame.lines[y];
    const attr_t ground = ground_attributes(line.ground);
    std::size_t column = 0;
    ::move(static_cast<int>(y), 0);
    for (const Span& span : line.spans) {
      if (column >= now.width) break;
      const std::size_t room = now.width - column;
      const std::string text = width_of(span.text) <= room ? span.text : fit(span.text, room);
      attr_t look = attributes(span.tone, colour_) | ground;
      // On a reversed background faint letters can't be read.
      if (span.reversed || line.ground == Ground::chosen) look = (look & ~A_DIM) | A_REVERSE;
      ::attrset(static_cast<int>(look));
      ::addstr(text.c_str());
      column += width_of(text);
    }
    ::attrset(static_cast<int>(ground));
    if (line.ground != Ground::plain && column < now.width) ::addstr(std::string(now.width - column, ' ').c_str());
  }
  ::attrset(A_NORMAL);
  ::refresh();
}

std::optional<Screen::Key> Screen::read_key() {
  wint_t wide = 0;
  const int kind = ::get_wch(&wide);
  if (kind == ERR) return std::nullopt;
  Key key;
  key.code = static_cast<int>(wide);
  key.special = kind == KEY_CODE_YES;
  if (key.special) return key;
  std::array<char, MB_LEN_MAX> bytes{};
  std::mbstate_t state{};
  const std::size_t size = std::wcrtomb(bytes.data(), static_cast<wchar_t>(wide), &state);
  if (size <= bytes.size()) key.character.assign(bytes.data(), size);
  return key;
}

}  // namespace shmbus::top
