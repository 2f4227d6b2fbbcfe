#pragma once

#include <array>
#include <unordered_map>

#include "common/movies.hpp"
#include "common/reaction.hpp"

namespace streaming {

/// user-service: learns which genres each user likes best. A watch counts for each of its video's genres, weighted by its
/// stars.
class Preferences : public Reaction {
 public:
  Preferences(const Movies& movies, Send<PreferencesUpdated> send);

  void react(const Watch& watch) override;
  Results results() const override;
  void save(StateWriter& out) const override;
  void load(StateReader& in) override;

 private:
  struct Taste {
    std::array<std::uint32_t, Movies::most_genres> weights{};  // half stars
    std::array<std::uint8_t, 3> dearest{};                     // genre + 1; 0: none
  };

  PreferencesUpdated describe(const Watch& watch, const Taste& taste) const;

  const Movies& movies_;
  Send<PreferencesUpdated> send_;
  std::unordered_map<std::uint64_t, Taste> tastes_;  // by user
  std::uint64_t updates_ = 0;
};

}  // namespace streaming
