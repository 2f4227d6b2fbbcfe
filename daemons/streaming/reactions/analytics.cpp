#include "reactions/analytics.hpp"

#include <chrono>

namespace streaming {
namespace {

constexpr std::int64_t seconds_an_hour = 3600;
constexpr std::int64_t seconds_a_day = 24 * seconds_an_hour;

// The times of `totals` are the watches' own, in seconds, and when the first was published, in nanoseconds.
constexpr std::string_view analytics_tables = R"sql(
  CREATE TABLE IF NOT EXISTS totals (
    id INTEGER PRIMARY KEY CHECK (id = 1), watches INTEGER NOT NULL,
    earliest INTEGER NOT NULL, latest INTEGER NOT NULL, first_published INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS hours (hour INTEGER PRIMARY KEY, watches INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS genres (genre TEXT PRIMARY KEY, watches INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS users (user INTEGER PRIMARY KEY, watches INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS videos (video INTEGER PRIMARY KEY, watches INTEGER NOT NULL);
)sql";

std::int64_t hour_of_day(std::int64_t time) {
  const std::int64_t second = (time % seconds_a_day + seconds_a_day) % seconds_a_day;  // also for times before 1970
  return second / seconds_an_hour;
}

}  // namespace

Analytics::Analytics(StateDatabase& state, const Movies& movies, Send<AnalyticsUpdated> send)
    : state_(state.with(analytics_tables)),
      movies_(movies),
      send_(std::move(send)),
      count_watch_(state.prepare("INSERT INTO totals VALUES (1, 1, ?1, ?1, ?2) ON CONFLICT DO UPDATE SET "
                                 "watches = watches + 1, earliest = min(earliest, ?1), latest = max(latest, ?1) "
                                 "RETURNING watches")),
      count_hour_(state.prepare("INSERT INTO hours VALUES (?1, 1) ON CONFLICT DO UPDATE SET watches = watches + 1")),
      count_genre_(state.prepare("INSERT INTO genres VALUES (?1, 1) ON CONFLICT DO UPDATE SET watches = watches + 1")),
      count_user_(state.prepare("INSERT INTO users VALUES (?1, 1) ON CONFLICT DO UPDATE SET watches = watches + 1")),
      count_video_(state.prepare("INSERT INTO videos VALUES (?1, 1) ON CONFLICT DO UPDATE SET watches = watches + 1")) {
}

void Analytics::react(const Watch& watch) {
  const WatchStarted& started = watch.started;
  const std::int64_t published = watch.published.time_since_epoch().count();
  const auto watches = count_watch_.value<std::uint64_t>(started.time, published);
  count_hour_.run(hour_of_day(started.time));
  for (const std::string_view genre : movies_.genre_names(started.video)) count_genre_.run(genre);
  count_user_.run(started.user);
  count_video_.run(started.video);
  if (watches % interval == 0) send_(describe(watch));
}

AnalyticsUpdated Analytics::describe(const Watch& watch) const {
  const auto [watches, time, first_published] =
      state_.prepare("SELECT watches, 1.0 * latest - earliest, first_published FROM totals")
          .row<std::uint64_t, double, std::int64_t>()
          .value();
  const double count = static_cast<double>(watches);
  const double days = time / seconds_a_day;
  const double seconds =
      std::chrono::duration<double>(watch.published.time_since_epoch() - std::chrono::nanoseconds{first_published})
          .count();
  return {.cause = watch.sequence,
          .watches = watches,
          .users = state_.count("SELECT COUNT(*) FROM users"),
          .videos = state_.count("SELECT COUNT(*) FROM videos"),
          .watches_per_day = days > 0 ? count / days : count,
          .events_per_second = seconds > 0 ? count / seconds : 0};
}

Results Analytics::results() const {
  return {{"watches", state_.count("SELECT coalesce(sum(watches), 0) FROM totals")},
          {"users", state_.count("SELECT COUNT(*) FROM users")},
          {"videos", state_.count("SELECT COUNT(*) FROM videos")},
          {"busiest hour",
           state_.count("SELECT coalesce((SELECT hour FROM hours ORDER BY watches DESC, hour LIMIT 1), 0)")}};
}

}  // namespace streaming
