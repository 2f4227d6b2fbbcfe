#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace streaming {

class LineSource;

/// What is known of the videos: their genres.
class Movies {
 public:
  /// A bit for each genre.
  using Genres = std::uint64_t;
  static constexpr std::size_t most_genres = 64;

  /// Makes up genres without a file: each video gets one to three genres that follow from its number.
  Movies();

  /// Reads CSV with the columns movieId and genres; genres are joined by `|`. Throws if the file cannot be read.
  explicit Movies(LineSource& lines);

  /// Returns a video's genres. For a video that the file does not hold they are made up, as without a file.
  Genres genres(std::uint64_t video) const;

  /// The names of a video's genres.
  std::vector<std::string_view> genre_names(std::uint64_t video) const;

  /// The name of the genre with that bit. The bits of MovieLens's own genres are always the same.
  std::string_view genre_name(std::size_t bit) const { return names_[bit]; }
  std::size_t genre_count() const { return names_.size(); }

  std::uint64_t malformed() const { return malformed_; }

 private:
  bool add(const std::string& genres, Genres& result);

  std::vector<std::string> names_;
  std::unordered_map<std::uint64_t, Genres> genres_;
  std::uint64_t malformed_ = 0;
};

}  // namespace streaming
