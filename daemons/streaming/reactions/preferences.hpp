#pragma once

#include <string>

#include "common/movies.hpp"
#include "common/reaction.hpp"

namespace streaming {

/// user-service: learns which genres each user likes best. A watch counts for each of its video's genres, weighted by its
/// stars.
class Preferences : public Reaction {
 public:
  Preferences(StateDatabase& state, const Movies& movies, Send<PreferencesUpdated> send);

  void react(const Watch& watch) override;
  Results results() const override;

 private:
  StateDatabase& state_;
  const Movies& movies_;
  Send<PreferencesUpdated> send_;
  Statement add_stars_;
  Statement find_best_;
  Statement find_sum_;
  Statement change_;
};

}  // namespace streaming
