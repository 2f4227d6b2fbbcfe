#pragma once

#include <cstddef>
#include <cstring>

namespace shmbus::log {

/// Loads a value from shared memory that anybody may overwrite: the compiler can't load it again, so what was checked is
/// what is used.
template <class Word>
Word load_once(const std::byte* at) noexcept {
  Word word;
  std::memcpy(&word, at, sizeof word);
  asm("" : "+r"(word));
  return word;
}

}  // namespace shmbus::log
