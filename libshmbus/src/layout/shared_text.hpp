#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace shmbus::layout {

/// A short text in shared memory, padded with zeros. A reader may race with a writer and see a mixture of two texts. So
/// another word publishes the text, and a reader that depends on the text checks that word again afterwards. The text
/// is stored in whole atomic words, so that a race is not undefined behaviour.
///
/// SYNC text: a writer first takes the entry, which changes the publishing word, and then stores the text (release: the
/// change cannot come after any word of the text). A reader loads the text (acquire), then loads the publishing word
/// again. So a reader that has loaded a word of the next text finds the publishing word changed.
template <std::size_t Bytes>
struct SharedText {
  static_assert(Bytes % 8 == 0);
  std::atomic<std::uint64_t> words[Bytes / 8];

  void store(std::string_view text) noexcept {
    char buffer[Bytes] = {};
    if (!text.empty()) std::memcpy(buffer, text.data(), std::min(text.size(), Bytes - 1));
    for (std::size_t i = 0; i < Bytes / 8; ++i) {
      std::uint64_t word;
      std::memcpy(&word, buffer + i * 8, 8);
      words[i].store(word, std::memory_order_release);  // SYNC text
    }
  }

  std::string load() const {
    Buffer buffer;
    return std::string(load_to(buffer));
  }

  /// Loads the text into `buffer`. Allocates nothing.
  using Buffer = char[Bytes];
  std::string_view load_to(Buffer& buffer) const noexcept {
    for (std::size_t i = 0; i < Bytes / 8; ++i) {
      const std::uint64_t word = words[i].load(std::memory_order_acquire);  // SYNC text
      std::memcpy(buffer + i * 8, &word, 8);
    }
    return {buffer, ::strnlen(buffer, Bytes)};
  }
};

}  // namespace shmbus::layout
