#pragma once

#include <cstdint>
#include <string_view>

namespace shmbus::bridge {

/// 64-bit FNV-1a of a text, or of what `before` is the hash of and then the text.
constexpr std::uint64_t text_hash(std::string_view text, std::uint64_t before = 0xcbf2'9ce4'8422'2325u) noexcept {
  for (const char c : text) before = (before ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3u;
  return before;
}

}  // namespace shmbus::bridge
