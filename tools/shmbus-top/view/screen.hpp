#pragma once

#include <optional>
#include <string>

#include "model/frame.hpp"

namespace shmbus::top {

/// Takes over the terminal while it exists: full screen, no echo, mouse on. Restores it at the end. Only one may exist.
class Screen {
 public:
  /// Throws std::runtime_error if the terminal is not known.
  Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  ~Screen();

  /// Returns false if standard input or output is not a terminal, or if the terminal can't move its cursor.
  static bool usable();

  Size size() const;
  bool utf8() const noexcept { return utf8_; }
  void paint(const Frame& frame);

  struct Key {
    int code = 0;           ///< curses' code, or the character's
    bool special = false;   ///< not a character: an arrow, a click, a new size
    std::string character;  ///< the same in the locale's bytes
  };
  /// The next key that was typed and not read yet; nothing if there is none.
  std::optional<Key> read_key();

 private:
  bool utf8_ = false;
  bool colour_ = false;
};

}  // namespace shmbus::top
