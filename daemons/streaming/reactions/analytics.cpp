#include "reactions/analytics.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace streaming {
namespace {

constexpr std::int64_t seconds_an_hour = 3600;
constexpr std::int64_t seconds_a_day = 24 * seconds_an_hour;

std::size_t hour_of_day(std::int64_t time) {
  const std::int64_t second = (time % seconds_a_day + seconds_a_day) % seconds_a_day;  // also for times before 1970
  return static_cast<std::size_t>(second / seconds_an_hour);
}

void save_set(StateWriter& out, const std::unordered_set<std::uint64_t>& set) {
  const std::vector<std::uint64_t> members(set.begin(), set.end());
  out.values(std::span<const std::uint64_t>(members));
}

void load_set(StateReader& in, std::unordered_set<std::uint64_t>& set) {
  const std::vector<std::uint64_t> members = in.values<std::uint64_t>();
  set = {members.begin(), members.end()};
}

}  // namespace

Analytics::Analytics(const Movies& movies, Send<AnalyticsUpdated> send) : movies_(movies), send_(std::move(send)) {}

void Analytics::react(const Watch& watch) {
  const WatchStarted& started = watch.started;
  if (counts_.watches == 0) {
    counts_.earliest = counts_.latest = started.time;
    counts_.first_published = watch.published;
  }
  ++counts_.watches;
  ++counts_.by_hour[hour_of_day(started.time)];
  const Movies::Genres genres = movies_.genres(started.video);
  for (std::size_t genre = 0; genre < counts_.by_genre.size(); ++genre) counts_.by_genre[genre] += genres >> genre & 1;
  counts_.earliest = std::min(counts_.earliest, started.time);
  counts_.latest = std::max(counts_.latest, started.time);
  users_.insert(started.user);
  videos_.insert(started.video);
  if (counts_.watches % interval == 0) send_(describe(watch));
}

AnalyticsUpdated Analytics::describe(const Watch& watch) const {
  const auto watches = static_cast<double>(counts_.watches);
  const double days = (static_cast<double>(counts_.latest) - static_cast<double>(counts_.earliest)) / seconds_a_day;
  const double seconds = std::chrono::duration<double>(watch.published - counts_.first_published).count();
  return {.cause = watch.sequence,
          .watches = counts_.watches,
          .users = users_.size(),
          .videos = videos_.size(),
          .watches_per_day = days > 0 ? watches / days : watches,
          .events_per_second = seconds > 0 ? watches / seconds : 0};
}

Results Analytics::results() const {
  const auto busiest = std::max_element(counts_.by_hour.begin(), counts_.by_hour.end()) - counts_.by_hour.begin();
  return {{"watches", counts_.watches},
          {"users", users_.size()},
          {"videos", videos_.size()},
          {"busiest hour", static_cast<std::uint64_t>(busiest)}};
}

void Analytics::save(StateWriter& out) const {
  out.value(counts_);
  save_set(out, users_);
  save_set(out, videos_);
}

void Analytics::load(StateReader& in) {
  counts_ = in.value<Counts>();
  load_set(in, users_);
  load_set(in, videos_);
}

}  // namespace streaming
