#pragma once

#include <span>
#include <string>
#include <string_view>

namespace shmbus::tool {

/// A word that people may try, and the one that is meant.
struct Synonym {
  std::string_view word, meant;
};

/// How many letters to insert, remove, replace or swap with a neighbour to make one word of the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The word that somebody who typed `word` may have meant: the one that `word` begins, or that begins with it, or the
/// nearest by `edit_distance` where no more than a third of the letters differ. Empty where none is near.
std::string nearest(std::string_view word, std::span<const std::string> words);

/// " (did you mean 'x'?)", or nothing where no word is near. A synonym goes before what is near.
std::string suggestion(std::string_view word, std::span<const std::string> words,
                       std::span<const Synonym> synonyms = {});

}  // namespace shmbus::tool
