#include "view/keys.hpp"

#include <iterator>

#include "view/curses.hpp"

namespace shmbus::top {
namespace {

constexpr int escape = 27;

Command special_command(int code) {
  switch (code) {
    case KEY_UP:
      return {Action::up};
    case KEY_DOWN:
      return {Action::down};
    case KEY_PPAGE:
      return {Action::page_up};
    case KEY_NPAGE:
      return {Action::page_down};
    case KEY_HOME:
      return {Action::first};
    case KEY_END:
      return {Action::last};
    case KEY_LEFT:
      return {Action::left};
    case KEY_RIGHT:
      return {Action::right};
    case KEY_BTAB:
      return {Action::previous_pane};
    case KEY_ENTER:
      return {Action::open};
    case KEY_BACKSPACE:
      return {Action::back};
    case KEY_F(1):
      return {Action::help};
    case KEY_F(4):
      return {Action::filter};
    case KEY_F(10):
      return {Action::quit};
    default:
      return {};
  }
}

Command character_command(int code, bool on_page) {
  if (code >= '1' && code < '1' + static_cast<int>(panes.size()))
    return {Action::pane, static_cast<std::size_t>(code - '1')};
  switch (code) {
    case 'q':
      return {on_page ? Action::back : Action::quit};
    case 'Q':
      return {Action::quit};
    case '?':
    case 'h':
      return {Action::help};
    case escape:
    case '\b':
    case 127:
      return {Action::back};
    case ' ':
    case 'p':
      return {Action::pause};
    case '\t':
      return {Action::next_pane};
    case 'k':
      return {Action::up};
    case 'j':
      return {Action::down};
    case '\n':
    case '\r':
      return {Action::open};
    case 'e':
      return {Action::events};
    case 'a':
      return {Action::alerts};
    case 'b':
      return {Action::buses};
    case '<':
      return {Action::sort_left};
    case '>':
      return {Action::sort_right};
    case 'r':
      return {Action::reverse};
    case '/':
      return {Action::filter};
    case 'u':
      return {Action::units};
    case 'l':
      return {Action::latency};
    case '+':
      return {Action::slower};
    case '-':
      return {Action::faster};
    default:
      return {};
  }
}

Command click_command(const Frame& frame) {
  MEVENT event{};
  if (::getmouse(&event) != OK) return {};
  if ((event.bstate & BUTTON4_PRESSED) != 0) return {Action::up};
  if ((event.bstate & BUTTON5_PRESSED) != 0) return {Action::down};
  if ((event.bstate & BUTTON1_PRESSED) == 0 || event.y < 0 || event.x < 0) return {};
  return frame.at(static_cast<std::size_t>(event.y), static_cast<std::size_t>(event.x));
}

/// Adds a key to the text that is typed, or ends typing.
template <class Typed>
void type(Typed& typed, const Screen::Key& key) {
  if (key.special) {
    if (key.code == KEY_BACKSPACE) typed.type({});
    if (key.code == KEY_ENTER) typed.end_typing(true);
  } else if (key.code == escape) {
    typed.end_typing(false);
  } else if (key.code == '\r' || key.code == '\n') {
    typed.end_typing(true);
  } else if (key.code == 127 || key.code == '\b') {
    typed.type({});
  } else if (key.code >= ' ') {
    typed.type(key.character);
  }
}

template <class Shown>
void press_on(Shown& shown, const Frame& frame, const Screen::Key& key, bool on_page) {
  if (key.special && key.code == KEY_MOUSE) {
    shown.apply(click_command(frame));
  } else if (shown.typing()) {
    type(shown, key);
  } else {
    shown.apply(key.special ? special_command(key.code) : character_command(key.code, on_page));
  }
}

}  // namespace

void press(Session& session, const Frame& frame, const Screen::Key& key) {
  press_on(session, frame, key, session.on_page());
}

void press(BusList& buses, const Frame& frame, const Screen::Key& key) { press_on(buses, frame, key, false); }

}  // namespace shmbus::top
