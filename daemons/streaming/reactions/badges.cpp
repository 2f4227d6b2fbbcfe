#include "reactions/badges.hpp"

#include <array>
#include <bit>

namespace streaming {
namespace {

struct Threshold {
  std::uint64_t watched;
  std::string_view badge;
};
constexpr std::array thresholds{
    Threshold{1, "newcomer"},    Threshold{10, "regular"}, Threshold{50, "enthusiast"},
    Threshold{100, "cinephile"}, Threshold{500, "critic"}, Threshold{1000, "legend"},
};
constexpr int explored_genres = 10;

}  // namespace

Badges::Badges(const Movies& movies, Send<BadgeAwarded> send) : movies_(movies), send_(std::move(send)) {}

void Badges::react(const Watch& watch) {
  Viewer& viewer = viewers_[watch.started.user];
  ++viewer.watched;
  for (const auto& [watched, badge] : thresholds) {
    if (viewer.watched == watched) award(watch, viewer, badge);
  }
  const int before = std::popcount(viewer.genres);
  viewer.genres |= movies_.genres(watch.started.video);
  if (before < explored_genres && std::popcount(viewer.genres) >= explored_genres) award(watch, viewer, "explorer");
}

void Badges::award(const Watch& watch, const Viewer& viewer, std::string_view badge) {
  ++awarded_;
  send_({.cause = watch.sequence,
         .user = watch.started.user,
         .watched = viewer.watched,
         .badge = decltype(BadgeAwarded::badge)::from(badge)});
}

Results Badges::results() const { return {{"users", viewers_.size()}, {"badges", awarded_}}; }

void Badges::save(StateWriter& out) const {
  out.value(awarded_);
  save_map(out, viewers_);
}

void Badges::load(StateReader& in) {
  awarded_ = in.value<std::uint64_t>();
  load_map(in, viewers_);
}

}  // namespace streaming
