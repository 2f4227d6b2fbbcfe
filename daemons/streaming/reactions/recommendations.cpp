#include "reactions/recommendations.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace streaming {
namespace {

// Where there are too many, the video leaves that was watched longest ago, and of the followers the rarest.
constexpr std::string_view recommendations_tables = R"sql(
  CREATE TABLE IF NOT EXISTS last_videos (
    user INTEGER, video INTEGER, watch INTEGER NOT NULL, PRIMARY KEY (user, video)) WITHOUT ROWID;
  CREATE TRIGGER IF NOT EXISTS four_videos AFTER INSERT ON last_videos
    WHEN (SELECT COUNT(*) FROM last_videos WHERE user = NEW.user) > 4 BEGIN
      DELETE FROM last_videos WHERE user = NEW.user AND video =
        (SELECT video FROM last_videos WHERE user = NEW.user ORDER BY watch LIMIT 1);
    END;

  CREATE TABLE IF NOT EXISTS followers (
    video INTEGER, follower INTEGER, times INTEGER NOT NULL, last_watch INTEGER NOT NULL,
    PRIMARY KEY (video, follower)) WITHOUT ROWID;
  CREATE TRIGGER IF NOT EXISTS eight_followers AFTER INSERT ON followers
    WHEN (SELECT COUNT(*) FROM followers WHERE video = NEW.video) > 8 BEGIN
      DELETE FROM followers WHERE video = NEW.video AND follower =
        (SELECT follower FROM followers WHERE video = NEW.video AND follower <> NEW.follower
         ORDER BY times, last_watch LIMIT 1);
    END;

  CREATE TABLE IF NOT EXISTS recommendations (
    user INTEGER PRIMARY KEY, videos TEXT NOT NULL, changes INTEGER NOT NULL);  -- the best first
)sql";

}  // namespace

Recommendations::Recommendations(StateDatabase& state, Send<RecommendationUpdated> send)
    : state_(state.with(recommendations_tables)),
      send_(std::move(send)),
      follow_(state.prepare(
          "INSERT INTO followers SELECT video, ?2, 1, ?3 FROM last_videos WHERE user = ?1 AND video <> ?2 "
          "ON CONFLICT DO UPDATE SET times = times + 1, last_watch = ?3")),
      add_video_(state.prepare("INSERT INTO last_videos VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET watch = ?3")),
      // A video that follows several of the user's videos counts for each.
      find_best_(state.prepare("SELECT follower FROM last_videos JOIN followers USING (video) "
                               "WHERE user = ?1 AND follower NOT IN (SELECT video FROM last_videos WHERE user = ?1) "
                               "GROUP BY follower ORDER BY sum(times) DESC, follower LIMIT 5")),
      change_(state.prepare("INSERT INTO recommendations VALUES (?1, ?2, 1) ON CONFLICT DO UPDATE "
                            "SET videos = ?2, changes = changes + 1 WHERE videos <> ?2")) {}

void Recommendations::react(const Watch& watch) {
  const std::uint64_t user = watch.started.user;
  follow_.run(user, watch.started.video, watch.sequence);
  add_video_.run(user, watch.started.video, watch.sequence);

  RecommendationUpdated update{.cause = watch.sequence, .user = user};
  std::string videos;
  std::size_t size = 0;
  find_best_.each<std::uint64_t>(
      [&](std::uint64_t video) {
        videos += (size == 0 ? "" : " ") + std::to_string(video);
        update.videos.at(size++) = video;
      },
      user);
  if (size > 0 && change_.run(user, videos) > 0) send_(update);
}

Results Recommendations::results() const {
  return {{"users", state_.count("SELECT COUNT(DISTINCT user) FROM last_videos")},
          {"videos", state_.count("SELECT COUNT(DISTINCT video) FROM followers")},
          {"recommendations", state_.count("SELECT coalesce(sum(changes), 0) FROM recommendations")}};
}

}  // namespace streaming
