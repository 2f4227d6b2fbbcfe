#pragma once

#include <unordered_map>

#include "common/movies.hpp"
#include "common/reaction.hpp"

namespace streaming {

/// badge-service: a badge for the 1st, 10th, 50th, 100th, 500th and 1000th video, and one for having seen ten genres.
class Badges : public Reaction {
 public:
  Badges(const Movies& movies, Send<BadgeAwarded> send);

  void react(const Watch& watch) override;
  Results results() const override;
  void save(StateWriter& out) const override;
  void load(StateReader& in) override;

 private:
  struct Viewer {
    std::uint64_t watched = 0;
    Movies::Genres genres = 0;
  };

  void award(const Watch& watch, const Viewer& viewer, std::string_view badge);

  const Movies& movies_;
  Send<BadgeAwarded> send_;
  std::unordered_map<std::uint64_t, Viewer> viewers_;
  std::uint64_t awarded_ = 0;
};

}  // namespace streaming
