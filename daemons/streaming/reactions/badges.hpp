#pragma once

#include "common/movies.hpp"
#include "common/reaction.hpp"

namespace streaming {

/// badge-service: a badge for the 1st, 10th, 50th, 100th, 500th and 1000th video, and one for having seen ten genres.
class Badges : public Reaction {
 public:
  Badges(StateDatabase& state, const Movies& movies, Send<BadgeAwarded> send);

  void react(const Watch& watch) override;
  Results results() const override;

 private:
  void award(const Watch& watch, std::uint64_t watched, std::string_view badge);

  StateDatabase& state_;
  const Movies& movies_;
  Send<BadgeAwarded> send_;
  Statement count_watch_;
  Statement add_genre_;
  Statement count_genres_;
  Statement add_badge_;
};

}  // namespace streaming
