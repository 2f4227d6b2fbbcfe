#pragma once

#include <span>
#include <string>
#include <string_view>

namespace shmbus::tool {

/// A word that people may try, and the verb that they mean.
struct Synonym {
  std::string_view word, meant;
};

/// How many letters to insert, remove, replace or swap with a neighbour to turn one word into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The word that a user who typed `word` may have meant: one that is the begin of `word` or begins with it, or the nearest
/// by `edit_distance` if at most a third of the letters differ. Empty if none is near.
std::string nearest(std::string_view word, std::span<const std::string> words);

/// " (did you mean 'x'?)", or nothing if no word is near. A synonym is preferred to a near word.
std::string suggestion(std::string_view word, std::span<const std::string> words,
                       std::span<const Synonym> synonyms = {});

}  // namespace shmbus::tool
