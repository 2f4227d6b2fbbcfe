#include "reactions/badges.hpp"

#include <array>

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
constexpr std::uint64_t explored_genres = 10;

constexpr std::string_view badges_tables = R"sql(
  CREATE TABLE IF NOT EXISTS viewers (user INTEGER PRIMARY KEY, watched INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS genres_seen (user INTEGER, genre TEXT, PRIMARY KEY (user, genre)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS badges (user INTEGER NOT NULL, badge TEXT NOT NULL, watched INTEGER NOT NULL);
)sql";

}  // namespace

Badges::Badges(StateDatabase& state, const Movies& movies, Send<BadgeAwarded> send)
    : state_(state.with(badges_tables)),
      movies_(movies),
      send_(std::move(send)),
      count_watch_(state.prepare(
          "INSERT INTO viewers VALUES (?1, 1) ON CONFLICT DO UPDATE SET watched = watched + 1 RETURNING watched")),
      add_genre_(state.prepare("INSERT OR IGNORE INTO genres_seen VALUES (?1, ?2)")),
      count_genres_(state.prepare("SELECT COUNT(*) FROM genres_seen WHERE user = ?1")),
      add_badge_(state.prepare("INSERT INTO badges VALUES (?1, ?2, ?3)")) {}

void Badges::react(const Watch& watch) {
  const std::uint64_t user = watch.started.user;
  const auto watched = count_watch_.value<std::uint64_t>(user);
  for (const auto& threshold : thresholds) {
    if (watched == threshold.watched) award(watch, watched, threshold.badge);
  }

  std::uint64_t added = 0;
  for (const std::string_view genre : movies_.genre_names(watch.started.video)) added += add_genre_.run(user, genre);
  if (added == 0) return;
  const auto seen = count_genres_.value<std::uint64_t>(user);
  if (seen >= explored_genres && seen - added < explored_genres) award(watch, watched, "explorer");
}

void Badges::award(const Watch& watch, std::uint64_t watched, std::string_view badge) {
  add_badge_.run(watch.started.user, badge, watched);
  send_({.cause = watch.sequence,
         .user = watch.started.user,
         .watched = watched,
         .badge = decltype(BadgeAwarded::badge)::from(badge)});
}

Results Badges::results() const {
  return {{"users", state_.count("SELECT COUNT(*) FROM viewers")},
          {"badges", state_.count("SELECT COUNT(*) FROM badges")}};
}

}  // namespace streaming
