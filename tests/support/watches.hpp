#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/movies.hpp"
#include "common/reaction.hpp"
#include "common/watch_generator.hpp"
#include "common/watch_reader.hpp"
#include "support/text_lines.hpp"

namespace test {

/// Gives watches to a reaction, numbered from 1.
class Viewers {
 public:
  explicit Viewers(streaming::Reaction& reaction) : reaction_(reaction) {}

  void watch(std::uint64_t user, std::uint64_t video, double rating = 4, std::int64_t time = 0) {
    reaction_.react({.started = {.user = user, .video = video, .time = time, .rating = rating},
                     .sequence = ++sequence_,
                     .published = {}});
  }
  std::uint64_t sequence() const { return sequence_; }

 private:
  streaming::Reaction& reaction_;
  std::uint64_t sequence_ = 0;
};

/// Collects the results that a reaction sends.
template <class Result>
struct Sent {
  std::vector<Result> results;
  streaming::Send<Result> send() {
    return [this](const Result& result) { results.push_back(result); };
  }
};

inline streaming::Movies some_movies() {
  TextLines lines("movies.csv",
                  {"movieId,title,genres", "1,Toy Story (1995),Adventure|Comedy", "2,Heat (1995),Action|Crime",
                   "3,\"Net, The (1995)\",Crime", "4,Unknown,(no genres listed)"});
  return streaming::Movies(lines);
}

inline std::vector<streaming::Watch> made_up_watches(std::uint64_t count, std::uint64_t seed) {
  streaming::WatchGenerator lines(count, seed);
  streaming::WatchReader reader(lines);
  std::vector<streaming::Watch> watches;
  while (reader.next())
    watches.push_back({.started = reader.parse().value(), .sequence = watches.size() + 1, .published = {}});
  return watches;
}

inline std::uint64_t result(const streaming::Reaction& reaction, std::string_view name) {
  for (const auto& [known, value] : reaction.results()) {
    if (known == name) return value;
  }
  throw std::logic_error("no result of that name");
}

}  // namespace test
