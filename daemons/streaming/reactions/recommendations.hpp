#pragma once

#include <unordered_map>
#include <vector>

#include "common/bounded_counts.hpp"
#include "common/reaction.hpp"

namespace streaming {

/// ml-service: recommends videos that other users watched together with the same ones. Two videos belong together once for
/// each time a user starts one of them soon after the other. The work for a watch is bounded: a user's last 8 videos, and
/// 16 neighbours of each video.
class Recommendations : public Reaction {
 public:
  explicit Recommendations(Send<RecommendationUpdated> send);

  void react(const Watch& watch) override;
  Results results() const override;
  void save(StateWriter& out) const override;
  void load(StateReader& in) override;

 private:
  using Videos = decltype(RecommendationUpdated::videos);
  struct Viewer {
    Recent<8> videos{};
    Videos recommended{};
  };
  using Neighbours = BoundedCounts<16>;

  Videos best_for(const Viewer& viewer);

  Send<RecommendationUpdated> send_;
  std::unordered_map<std::uint64_t, Viewer> viewers_;
  std::unordered_map<std::uint64_t, Neighbours> neighbours_;  // by video
  std::vector<Neighbours::Entry> candidates_;                 // kept for its memory
  std::uint64_t updates_ = 0;
};

}  // namespace streaming
