#include "reactions/notices.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

namespace streaming {
namespace {

// Where there are too many, the viewer leaves who watched longest ago, and of those met who was met least.
constexpr std::string_view notices_tables = R"sql(
  CREATE TABLE IF NOT EXISTS viewers (
    video INTEGER, user INTEGER, watch INTEGER NOT NULL, PRIMARY KEY (video, user)) WITHOUT ROWID;
  CREATE TRIGGER IF NOT EXISTS three_viewers AFTER INSERT ON viewers
    WHEN (SELECT COUNT(*) FROM viewers WHERE video = NEW.video) > 3 BEGIN
      DELETE FROM viewers WHERE video = NEW.video AND user =
        (SELECT user FROM viewers WHERE video = NEW.video ORDER BY watch LIMIT 1);
    END;

  CREATE TABLE IF NOT EXISTS met (
    user INTEGER, other INTEGER, times INTEGER NOT NULL, last_watch INTEGER NOT NULL,
    PRIMARY KEY (user, other)) WITHOUT ROWID;
  CREATE TRIGGER IF NOT EXISTS sixteen_met AFTER INSERT ON met
    WHEN (SELECT COUNT(*) FROM met WHERE user = NEW.user) > 16 BEGIN
      DELETE FROM met WHERE user = NEW.user AND other =
        (SELECT other FROM met WHERE user = NEW.user AND other <> NEW.other ORDER BY times, last_watch LIMIT 1);
    END;

  CREATE TABLE IF NOT EXISTS notices (user INTEGER PRIMARY KEY, sent INTEGER NOT NULL);
)sql";

}  // namespace

Notices::Notices(StateDatabase& state, Send<NotificationSent> send)
    : state_(state.with(notices_tables)),
      send_(std::move(send)),
      meet_(state.prepare("WITH others AS (SELECT user AS other FROM viewers WHERE video = ?2 AND NOT EXISTS "
                          "  (SELECT 1 FROM viewers WHERE video = ?2 AND user = ?1)) "
                          "INSERT INTO met SELECT ?1, other, 1, ?3 FROM others "
                          "UNION ALL SELECT other, ?1, 1, ?3 FROM others WHERE true "
                          "ON CONFLICT DO UPDATE SET times = times + 1, last_watch = ?3")),
      add_viewer_(state.prepare("INSERT INTO viewers VALUES (?2, ?1, ?3) ON CONFLICT DO UPDATE SET watch = ?3")),
      find_friends_(state.prepare("SELECT other FROM met WHERE user = ?1 AND times >= ?2 ORDER BY times DESC, other")),
      count_notices_(state.prepare("INSERT INTO notices VALUES (?1, ?2) ON CONFLICT DO UPDATE SET sent = sent + ?2")) {}

void Notices::react(const Watch& watch) {
  const auto& [user, video, time, rating] = watch.started;
  meet_.run(user, video, watch.sequence);
  add_viewer_.run(user, video, watch.sequence);

  NotificationSent notification{.cause = watch.sequence, .user = user, .video = video};
  std::uint64_t notified = 0;
  find_friends_.each<std::uint64_t>(
      [&](std::uint64_t other) {
        if (notified < notification.friends.size()) notification.friends[notified++] = other;
      },
      user, meetings);
  if (notified == 0) return;
  count_notices_.run(user, notified);
  send_(notification);
}

Results Notices::results() const {
  return {{"users", state_.count("SELECT COUNT(DISTINCT user) FROM met")},
          {"with friends",
           state_.prepare("SELECT COUNT(DISTINCT user) FROM met WHERE times >= ?1").value<std::uint64_t>(meetings)},
          {"notices", state_.count("SELECT coalesce(sum(sent), 0) FROM notices")}};
}

}  // namespace streaming
