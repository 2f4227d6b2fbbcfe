#include "reactions/preferences.hpp"

#include <array>
#include <cmath>

namespace streaming {
namespace {

constexpr std::string_view preferences_tables = R"sql(
  CREATE TABLE IF NOT EXISTS tastes (
    user INTEGER, genre TEXT, half_stars INTEGER NOT NULL, PRIMARY KEY (user, genre)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS preferences (
    user INTEGER PRIMARY KEY, genres TEXT NOT NULL, changes INTEGER NOT NULL);  -- the most preferred first
)sql";

}  // namespace

Preferences::Preferences(StateDatabase& state, const Movies& movies, Send<PreferencesUpdated> send)
    : state_(state.with(preferences_tables)),
      movies_(movies),
      send_(std::move(send)),
      add_stars_(state.prepare(
          "INSERT INTO tastes VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET half_stars = half_stars + ?3")),
      find_best_(state.prepare("SELECT genre, half_stars FROM tastes WHERE user = ?1 AND half_stars > 0 "
                               "ORDER BY half_stars DESC, genre LIMIT 3")),
      find_sum_(state.prepare("SELECT sum(half_stars) FROM tastes WHERE user = ?1")),
      change_(state.prepare("INSERT INTO preferences VALUES (?1, ?2, 1) ON CONFLICT DO UPDATE "
                            "SET genres = ?2, changes = changes + 1 WHERE genres <> ?2")) {}

void Preferences::react(const Watch& watch) {
  const std::uint64_t user = watch.started.user;
  const std::int64_t half_stars = std::lround(watch.started.rating * 2);
  for (const std::string_view genre : movies_.genre_names(watch.started.video)) add_stars_.run(user, genre, half_stars);

  PreferencesUpdated update{.cause = watch.sequence, .user = user};
  std::string names;
  std::array<std::uint64_t, 3> weights{};
  std::size_t size = 0;
  find_best_.each<std::string, std::uint64_t>(
      [&](const std::string& genre, std::uint64_t weight) {
        names += size == 0 ? genre : '|' + genre;
        update.genres.at(size).genre = decltype(GenreShare::genre)::from(genre);
        weights.at(size++) = weight;
      },
      user);
  if (size == 0 || change_.run(user, names) == 0) return;

  const auto sum = find_sum_.value<std::uint64_t>(user);
  for (std::size_t i = 0; i < size; ++i) update.genres[i].percent = static_cast<std::uint32_t>(100 * weights[i] / sum);
  send_(update);
}

Results Preferences::results() const {
  return {{"users", state_.count("SELECT COUNT(DISTINCT user) FROM tastes")},
          {"changes of taste", state_.count("SELECT coalesce(sum(changes), 0) FROM preferences")}};
}

}  // namespace streaming
