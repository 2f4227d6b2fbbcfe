#include "reactions/recommendations.hpp"

#include <algorithm>

namespace streaming {

Recommendations::Recommendations(Send<RecommendationUpdated> send) : send_(std::move(send)) {}

void Recommendations::react(const Watch& watch) {
  const std::uint64_t video = watch.started.video;
  Viewer& viewer = viewers_[watch.started.user];
  for (const std::uint64_t earlier : viewer.videos.ids()) {
    if (earlier == video) continue;
    neighbours_[video].add(earlier);
    neighbours_[earlier].add(video);
  }
  viewer.videos.add(video);

  const Videos best = best_for(viewer);
  if (best == viewer.recommended) return;
  viewer.recommended = best;
  ++updates_;
  send_({.cause = watch.sequence, .user = watch.started.user, .videos = best});
}

Recommendations::Videos Recommendations::best_for(const Viewer& viewer) {
  candidates_.clear();
  for (const std::uint64_t video : viewer.videos.ids()) {
    const auto found = neighbours_.find(video);
    if (found == neighbours_.end()) continue;
    for (const Neighbours::Entry& neighbour : found->second.entries()) {
      if (!viewer.videos.contains(neighbour.id)) candidates_.push_back(neighbour);
    }
  }

  // A video that belongs to several of the user's videos has an entry for each: join them.
  std::sort(candidates_.begin(), candidates_.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  std::size_t size = 0;
  for (const Neighbours::Entry& candidate : candidates_) {
    if (size > 0 && candidates_[size - 1].id == candidate.id) {
      candidates_[size - 1].count += candidate.count;
    } else {
      candidates_[size++] = candidate;
    }
  }
  candidates_.resize(size);

  Videos best{};
  const auto wanted = static_cast<std::ptrdiff_t>(std::min(size, best.size()));
  std::partial_sort(candidates_.begin(), candidates_.begin() + wanted, candidates_.end(),
                    [](const auto& a, const auto& b) { return a.count != b.count ? a.count > b.count : a.id < b.id; });
  std::transform(candidates_.begin(), candidates_.begin() + wanted, best.begin(),
                 [](const auto& candidate) { return candidate.id; });
  return best;
}

Results Recommendations::results() const {
  return {{"users", viewers_.size()}, {"videos", neighbours_.size()}, {"recommendations", updates_}};
}

void Recommendations::save(StateWriter& out) const {
  out.value(updates_);
  save_map(out, viewers_);
  save_map(out, neighbours_);
}

void Recommendations::load(StateReader& in) {
  updates_ = in.value<std::uint64_t>();
  load_map(in, viewers_);
  load_map(in, neighbours_);
}

}  // namespace streaming
