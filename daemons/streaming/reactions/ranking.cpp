#include "reactions/ranking.hpp"

#include <algorithm>
#include <cmath>

namespace streaming {
namespace {

// What is left of a single watch after forty half-lives. A video that falls below is forgotten, which bounds the table.
constexpr double forgotten = 40;

// A score is the logarithm to base 2. So instead of making all scores smaller with each watch, a watch counts for more
// than the one before, and no score ever grows too large.
constexpr std::string_view ranking_tables = R"sql(
  CREATE TABLE IF NOT EXISTS totals (
    id INTEGER PRIMARY KEY CHECK (id = 1), watches INTEGER NOT NULL, changes INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS scores (video INTEGER PRIMARY KEY, score REAL NOT NULL);
  CREATE INDEX IF NOT EXISTS by_score ON scores (score DESC, video);
)sql";

bool same_order(const RankedVideo& a, const RankedVideo& b) { return a.video == b.video; }

}  // namespace

Ranking::Ranking(StateDatabase& state, Send<RankingChanged> send)
    : state_(state.with(ranking_tables)),
      send_(std::move(send)),
      count_watch_(state.prepare(
          "INSERT INTO totals VALUES (1, 1, 0) ON CONFLICT DO UPDATE SET watches = watches + 1 RETURNING watches")),
      find_score_(state.prepare("SELECT score FROM scores WHERE video = ?1")),
      set_score_(state.prepare("INSERT INTO scores VALUES (?1, ?2) ON CONFLICT DO UPDATE SET score = ?2")),
      forget_(state.prepare("DELETE FROM scores WHERE score < ?1")),
      find_top_(state.prepare("SELECT video, score FROM scores ORDER BY score DESC, video LIMIT 10")),
      count_change_(state.prepare("UPDATE totals SET changes = changes + 1")) {}

void Ranking::react(const Watch& watch) {
  const double age = static_cast<double>(count_watch_.value<std::uint64_t>()) / half_life;
  const Videos before = top_ten(age);
  const auto known = find_score_.row<double>(watch.started.video);
  const double score = known ? age + std::log2(1 + std::exp2(std::get<0>(*known) - age)) : age;
  set_score_.run(watch.started.video, score);
  forget_.run(age - forgotten);

  const Videos after = top_ten(age);
  if (std::equal(before.begin(), before.end(), after.begin(), same_order)) return;
  count_change_.run();
  send_({.cause = watch.sequence, .videos = after});
}

// With the scores as they are now: a watch that has just come counts for one.
Ranking::Videos Ranking::top_ten(double age) {
  Videos videos{};
  std::size_t size = 0;
  find_top_.each<std::uint64_t, double>([&](std::uint64_t video, double score) {
    videos.at(size++) = {.video = video, .score = std::exp2(score - age)};
  });
  return videos;
}

Results Ranking::results() const {
  return {{"changes", state_.count("SELECT coalesce(sum(changes), 0) FROM totals")},
          {"videos", state_.count("SELECT COUNT(*) FROM scores")},
          {"first now video",
           state_.count("SELECT coalesce((SELECT video FROM scores ORDER BY score DESC, video LIMIT 1), 0)")}};
}

}  // namespace streaming
