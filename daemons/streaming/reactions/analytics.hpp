#pragma once

#include <array>
#include <unordered_set>

#include "common/movies.hpp"
#include "common/reaction.hpp"

namespace streaming {

/// analytics-service: how many watches, of how many videos, by how many users, at which hours, how many a day.
class Analytics : public Reaction {
 public:
  /// How many watches pass between two published counts.
  static constexpr std::uint64_t interval = 1000;

  Analytics(const Movies& movies, Send<AnalyticsUpdated> send);

  void react(const Watch& watch) override;
  Results results() const override;
  void save(StateWriter& out) const override;
  void load(StateReader& in) override;

 private:
  AnalyticsUpdated describe(const Watch& watch) const;

  const Movies& movies_;
  Send<AnalyticsUpdated> send_;
  struct Counts {
    std::uint64_t watches = 0;
    std::array<std::uint64_t, 24> by_hour{};
    std::array<std::uint64_t, Movies::most_genres> by_genre{};
    std::int64_t earliest = 0;  // the watches' own times, in seconds
    std::int64_t latest = 0;
    shmbus::Time first_published{};
  } counts_;
  std::unordered_set<std::uint64_t> users_;
  std::unordered_set<std::uint64_t> videos_;
};

}  // namespace streaming
