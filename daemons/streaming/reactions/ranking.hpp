#pragma once

#include <unordered_map>

#include "common/reaction.hpp"

namespace streaming {

/// ranking-service: the ten most watched videos. A watch counts half as much when `half_life` more watches have come,
/// so the top ten follows recent watches. Age is counted in watches and not in seconds, so that the ranking depends
/// only on the watches and their order.
class Ranking : public Reaction {
 public:
  static constexpr double half_life = 2000;

  explicit Ranking(Send<RankingChanged> send);

  void react(const Watch& watch) override;
  Results results() const override;
  void save(StateWriter& out) const override;
  void load(StateReader& in) override;

 private:
  using Videos = decltype(RankingChanged::videos);

  void age_all();
  bool rank(std::uint64_t video, double score);

  Send<RankingChanged> send_;
  // Instead of making all scores smaller with each watch, a watch counts for more than the one before. All are scaled
  // down together before they grow too large.
  std::unordered_map<std::uint64_t, double> scores_;
  double weight_ = 1;
  Videos top_{};
  std::uint64_t changes_ = 0;
};

}  // namespace streaming
