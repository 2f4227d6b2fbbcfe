#pragma once

#include "common/reaction.hpp"

namespace streaming {

/// ranking-service: the ten most watched videos. A watch counts half as much when `half_life` more watches have come,
/// so the top ten follows recent watches. Age is counted in watches and not in seconds, so that the ranking depends
/// only on the watches and their order.
class Ranking : public Reaction {
 public:
  static constexpr double half_life = 2000;

  Ranking(StateDatabase& state, Send<RankingChanged> send);

  void react(const Watch& watch) override;
  Results results() const override;

 private:
  using Videos = decltype(RankingChanged::videos);

  Videos top_ten(double age);

  StateDatabase& state_;
  Send<RankingChanged> send_;
  Statement count_watch_;
  Statement find_score_;
  Statement set_score_;
  Statement forget_;
  Statement find_top_;
  Statement count_change_;
};

}  // namespace streaming
