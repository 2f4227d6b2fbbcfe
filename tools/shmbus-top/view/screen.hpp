#pragma once

#include <optional>
#include <string>

#include "model/frame.hpp"

namespace shmbus::top {

/// The terminal, while it lives: full screen, no echo, mouse on. All is as before when it goes. One at a time.
class Screen {
 public:
  /// Throws std::runtime_error where the terminal is not known.
  Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  ~Screen();

  /// False where standard input or output is no terminal, or it is one that can't move its cursor.
  static bool usable();

  Size size() const;
  bool utf8() const noexcept { return utf8_; }
  void paint(const Frame& frame);

  struct Key {
    int code = 0;           ///< of curses, or of the character
    bool special = false;   ///< not a character: an arrow, a click, a new size
    std::string character;  ///< the same in the locale's bytes
  };
  /// What was typed and not read yet; nothing where there is none.
  std::optional<Key> read_key();

 private:
  bool utf8_ = false;
  bool colour_ = false;
};

}  // namespace shmbus::top
