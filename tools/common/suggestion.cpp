#include "suggestion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "printable_text.hpp"

namespace shmbus::tool {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the table: before[j] is the distance of a's first i - 1 letters to b's first j.
  std::vector<std::size_t> earlier, before(b.size() + 1), now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) before[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      now[j] = std::min({before[j] + 1, now[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = std::min(now[j], earlier[j - 2] + 1);
    }
    earlier = before;
    before = now;
  }
  return before[b.size()];
}

std::string nearest(std::string_view word, std::span<const std::string> words) {
  constexpr std::size_t longest = 128;  // longer than any name
  if (word.empty() || word.size() > longest) return {};
  std::string best;
  std::size_t least = 0;
  for (const std::string& other : words) {
    if (other == word || other.empty() || other.size() > longest) continue;
    constexpr std::size_t beginning = 2;  // letters
    const std::size_t shorter = std::min(word.size(), other.size());
    const bool begins = shorter >= beginning && (word.starts_with(other) || other.starts_with(word));
    const std::size_t distance = edit_distance(word, other);
    if (!begins && distance > std::max<std::size_t>(1, std::max(word.size(), other.size()) / 3)) continue;
    if (!begins && distance >= shorter) continue;  // nothing in common
    if (best.empty() || distance < least) {
      best = other;
      least = distance;
    }
  }
  return best;
}

std::string suggestion(std::string_view word, std::span<const std::string> words, std::span<const Synonym> synonyms) {
  const auto synonym =
      std::find_if(synonyms.begin(), synonyms.end(), [&](const Synonym& s) { return s.word == word; });
  const std::string near = synonym != synonyms.end() ? std::string{synonym->meant} : nearest(word, words);
  return near.empty() ? std::string{} : fmt::format(" (did you mean '{}'?)", printable(near));
}

}  // namespace shmbus::tool
