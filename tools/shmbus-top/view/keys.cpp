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
    case '1':
    case '2':
    case '3':
    case '4':
      return {Action::pane, static_cast<std::size_t>(code - '1')};
    case 'k':
      return {Action::up};
    case 'j':
      return {Action::down};
    case '\n':
    case '\r':
      return {Action::open};
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

void type(Session& session, const Screen::Key& key) {
  if (key.special) {
    if (key.code == KEY_BACKSPACE) session.type({});
    if (key.code == KEY_ENTER) session.end_typing(true);
  } else if (key.code == escape) {
    session.end_typing(false);
  } else if (key.code == '\r' || key.code == '\n') {
    session.end_typing(true);
  } else if (key.code == 127 || key.code == '\b') {
    session.type({});
  } else if (key.code >= ' ') {
    session.type(key.character);
  }
}

}  // namespace

void press(Session& session, const Frame& frame, const Screen::Key& key) {
  if (key.special && key.code == KEY_MOUSE) {
    session.apply(click_command(frame));
  } else if (session.typing()) {
    type(session, key);
  } else {
    session.apply(key.special ? special_command(key.code) : character_command(key.code, session.on_page()));
  }
}

}  // namespace shmbus::top
