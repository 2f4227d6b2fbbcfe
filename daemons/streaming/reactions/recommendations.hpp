#pragma once

#include "common/reaction.hpp"

namespace streaming {

/// ml-service: recommends the videos that users watched soon after the ones that this user watched last. The work for a
/// watch is bounded: a user's last four videos, and eight that follow each video.
class Recommendations : public Reaction {
 public:
  Recommendations(StateDatabase& state, Send<RecommendationUpdated> send);

  void react(const Watch& watch) override;
  Results results() const override;

 private:
  StateDatabase& state_;
  Send<RecommendationUpdated> send_;
  Statement follow_;
  Statement add_video_;
  Statement find_best_;
  Statement change_;
};

}  // namespace streaming
