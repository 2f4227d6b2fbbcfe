#pragma once

#include "common/movies.hpp"
#include "common/reaction.hpp"

namespace streaming {

/// analytics-service: how many watches, of how many videos, by how many users, at which hours, how many a day.
class Analytics : public Reaction {
 public:
  /// How many watches pass between two published counts.
  static constexpr std::uint64_t interval = 1000;

  Analytics(StateDatabase& state, const Movies& movies, Send<AnalyticsUpdated> send);

  void react(const Watch& watch) override;
  Results results() const override;

 private:
  AnalyticsUpdated describe(const Watch& watch) const;

  StateDatabase& state_;
  const Movies& movies_;
  Send<AnalyticsUpdated> send_;
  Statement count_watch_;
  Statement count_hour_;
  Statement count_genre_;
  Statement count_user_;
  Statement count_video_;
};

}  // namespace streaming
