#include "common/movies.hpp"

#include <algorithm>
#include <bit>
#include <charconv>

#include <fmt/format.h>

#include "common/csv.hpp"

namespace streaming {

Movies::Movies()
    : names_{"Action",      "Adventure", "Animation", "Children",  "Comedy", "Crime",
             "Documentary", "Drama",     "Fantasy",   "Film-Noir", "Horror", "Musical",
             "Mystery",     "Romance",   "Sci-Fi",    "Thriller",  "War",    "Western"} {}

Movies::Movies(LineSource& lines) : Movies() {
  CsvReader csv(lines, {"movieId", "genres"});
  while (csv.next()) {
    const std::vector<std::string>* row = csv.parse();
    if (row == nullptr) continue;
    const std::string& id = (*row)[0];
    std::uint64_t video = 0;
    const auto [stopped, error] = std::from_chars(id.data(), id.data() + id.size(), video);
    if (error != std::errc{} || stopped != id.data() + id.size() || video == 0) {
      csv.refuse({"a movieId, a whole number from 1", quoted(id)});
      continue;
    }
    Genres genres = 0;
    if (!add((*row)[1], genres)) {
      csv.refuse({fmt::format("at most {} different genres", most_genres), quoted((*row)[1])});
      continue;
    }
    genres_[video] = genres;
  }
  malformed_ = csv.malformed();
}

bool Movies::add(const std::string& genres, Genres& result) {
  for (std::size_t begin = 0; begin <= genres.size();) {
    const std::size_t end = std::min(genres.find('|', begin), genres.size());
    const std::string name = genres.substr(begin, end - begin);
    begin = end + 1;
    auto known = std::find(names_.begin(), names_.end(), name);
    if (known == names_.end()) {
      if (names_.size() == most_genres) return false;
      known = names_.insert(names_.end(), name);
    }
    result |= Genres{1} << (known - names_.begin());
  }
  return true;
}

Movies::Genres Movies::genres(std::uint64_t video) const {
  const auto found = genres_.find(video);
  if (found != genres_.end()) return found->second;
  constexpr std::uint64_t made_up_genres = 18;  // MovieLens's own, which are always there
  const std::uint64_t mixed = (video * 0x9e3779b97f4a7c15u) >> 20;
  Genres genres = 0;
  for (std::uint64_t i = 0; i <= mixed % 3; ++i) genres |= Genres{1} << ((mixed >> (4 + 8 * i)) % made_up_genres);
  return genres;
}

std::vector<std::string_view> Movies::genre_names(std::uint64_t video) const {
  std::vector<std::string_view> names;
  for (Genres left = genres(video); left != 0; left &= left - 1)
    names.push_back(names_[static_cast<std::size_t>(std::countr_zero(left))]);
  return names;
}

}  // namespace streaming
