#include "reactions/ranking.hpp"

#include <algorithm>
#include <cmath>

namespace streaming {
namespace {

constexpr double largest_weight = 1e12;
// What is left of a single watch after forty half-lives. A video that falls below is forgotten, which bounds the map.
constexpr double forgotten = 1e-12;

const double growth = std::exp2(1 / Ranking::half_life);

}  // namespace

Ranking::Ranking(Send<RankingChanged> send) : send_(std::move(send)) {}

void Ranking::react(const Watch& watch) {
  weight_ *= growth;
  if (weight_ > largest_weight) age_all();
  const double score = scores_[watch.started.video] += weight_;
  if (!rank(watch.started.video, score)) return;
  ++changes_;
  RankingChanged changed{.cause = watch.sequence, .videos = top_};
  for (RankedVideo& ranked : changed.videos) ranked.score /= weight_;
  send_(changed);
}

void Ranking::age_all() {
  for (auto& [video, score] : scores_) score /= weight_;
  for (RankedVideo& ranked : top_) ranked.score /= weight_;
  std::erase_if(scores_, [](const auto& entry) { return entry.second < forgotten; });
  weight_ = 1;
}

// Only the watched video can rise, and each video it passes falls by one place. Returns whether the order changed.
bool Ranking::rank(std::uint64_t video, double score) {
  auto place = std::find_if(top_.begin(), top_.end(), [&](const RankedVideo& ranked) { return ranked.video == video; });
  const bool newcomer = place == top_.end();
  if (newcomer) {
    if (top_.back().score >= score) return false;
    --place;
  }
  *place = {video, score};
  bool risen = false;
  for (; place != top_.begin() && std::prev(place)->score < place->score; --place, risen = true)
    std::iter_swap(place, std::prev(place));
  return newcomer || risen;
}

Results Ranking::results() const {
  return {{"changes", changes_}, {"videos", scores_.size()}, {"first now video", top_.front().video}};
}

void Ranking::save(StateWriter& out) const {
  out.value(changes_);
  out.value(weight_);
  out.value(top_);
  save_map(out, scores_);
}

void Ranking::load(StateReader& in) {
  changes_ = in.value<std::uint64_t>();
  weight_ = in.value<double>();
  top_ = in.value<Videos>();
  load_map(in, scores_);
}

}  // namespace streaming
