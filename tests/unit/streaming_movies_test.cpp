#include <catch2/catch.hpp>

#include <bit>
#include <string>
#include <vector>

#include "common/movies.hpp"
#include "support/watches.hpp"

using namespace streaming;

namespace {

std::vector<std::string> genres_of(const Movies& movies, std::uint64_t video) {
  std::vector<std::string> names;
  for (std::size_t bit = 0; bit < movies.genre_count(); ++bit) {
    if ((movies.genres(video) >> bit & 1) != 0) names.emplace_back(movies.genre_name(bit));
  }
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the genres of a video are those of the file", "[streaming][movies]") {
  const Movies movies = test::some_movies();
  CHECK(genres_of(movies, 1) == Names{"Adventure", "Comedy"});
  CHECK(genres_of(movies, 3) == Names{"Crime"});
  CHECK(genres_of(movies, 4) == Names{"(no genres listed)"});
  CHECK(movies.malformed() == 0);
}

TEST_CASE("a video that is in no file has the same made-up genres everywhere", "[streaming][movies]") {
  const Movies with_file = test::some_movies();
  const Movies without;
  for (std::uint64_t video = 5; video < 1000; ++video) {
    const int count = std::popcount(without.genres(video));
    CHECK(count >= 1);
    CHECK(count <= 3);
    CHECK(genres_of(without, video) == genres_of(with_file, video));
  }
}

TEST_CASE("malformed rows of movies are counted", "[streaming][movies]") {
  std::vector<std::string> rows{"movieId,title,genres", "x,Title,Drama", "1,Title", "2,Title,Drama"};
  std::string many = "3,Title,first";
  for (int i = 0; i < 70; ++i) many += "|genre" + std::to_string(i);
  rows.push_back(many);
  test::TextLines lines("movies.csv", rows);
  const Movies movies(lines);
  CHECK(movies.malformed() == 3);
  CHECK(genres_of(movies, 2) == Names{"Drama"});
  CHECK(movies.genre_count() <= Movies::most_genres);
}
