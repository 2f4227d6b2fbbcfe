#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace shmbus::base {

// What names of buses and topics, and patterns, have in common.

inline constexpr std::size_t kMaxBusName = 32;
inline constexpr std::size_t kMaxTopicName = 127;  ///< of patterns, too
inline constexpr std::string_view kNameCharacters = "[A-Za-z0-9_-]";

constexpr bool is_name_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// One or more characters of a name. A topic's name is tokens joined by dots.
constexpr bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_name_character);
}

/// Whether `wrong(token, is_last)` is true for one of the tokens between the dots. The first one ends the search.
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

/// *Throws* Error, `invalid_name`. `kind` is "topic name", for example.
[[noreturn]] void refuse_name(const std::string& kind, std::string_view name, const std::string& expected,
                              const std::string& found, const std::string& remedy);

/// Refuses a name that is empty, or longer than `limit` bytes. *Throws* Error, `invalid_name`.
void check_name_length(const std::string& kind, std::string_view name, std::size_t limit);

}  // namespace shmbus::base
