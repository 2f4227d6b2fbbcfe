#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace shmbus::base {

// Rules that bus names, topic names and patterns share.

inline constexpr std::size_t kMaxBusName = 32;
inline constexpr std::size_t kMaxTopicName = 127;  ///< bytes; for patterns, too
inline constexpr std::string_view kNameCharacters = "[A-Za-z0-9_-]";

constexpr bool is_name_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// Whether a text is a token: one or more name characters. A topic's name is tokens joined by dots.
constexpr bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_name_character);
}

/// Whether `wrong(token, is_last)` is true for any of the tokens between the dots. The search stops at the first such.
template <class Wrong>
constexpr bool any_token(std::string_view name, Wrong wrong) {
  for (;;) {
    const std::size_t dot = name.find('.');
    const bool last = dot == std::string_view::npos;
    if (wrong(name.substr(0, dot), last)) return true;
    if (last) return false;
    name.remove_prefix(dot + 1);
  }
}

/// Throws the error for an invalid name. `kind` is "topic name", for example. *Throws* Error, `invalid_name`.
[[noreturn]] void refuse_name(const std::string& kind, std::string_view name, const std::string& expected,
                              const std::string& found, const std::string& remedy);

/// Refuses a name that is empty, or longer than `limit` bytes. *Throws* Error, `invalid_name`.
void check_name_length(const std::string& kind, std::string_view name, std::size_t limit);

/// Refuses a name that is not one token, or longer than `limit` bytes. *Throws* Error, `invalid_name`.
void check_token_name(const std::string& kind, std::string_view name, std::size_t limit);

}  // namespace shmbus::base
