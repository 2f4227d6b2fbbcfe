#pragma once

#include <string>
#include <string_view>

namespace shmbus::top {

/// Adds a character to a text that is typed; an empty one removes the last.
inline void type_into(std::string& text, std::string_view character) {
  if (!character.empty()) {
    text += character;
    return;
  }
  // The last character, not its last byte.
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) text.pop_back();
  if (!text.empty()) text.pop_back();
}

}  // namespace shmbus::top
