#include "reactions/preferences.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace streaming {

Preferences::Preferences(const Movies& movies, Send<PreferencesUpdated> send)
    : movies_(movies), send_(std::move(send)) {}

void Preferences::react(const Watch& watch) {
  Taste& taste = tastes_[watch.started.user];
  const Movies::Genres genres = movies_.genres(watch.started.video);
  const auto halves = static_cast<std::uint32_t>(std::lround(watch.started.rating * 2));
  for (std::size_t genre = 0; genre < taste.weights.size(); ++genre) {
    if ((genres >> genre & 1) != 0) taste.weights[genre] += halves;
  }

  std::array<std::uint8_t, Movies::most_genres> order{};
  std::iota(order.begin(), order.end(), std::uint8_t{0});
  const auto dearer = [&](std::uint8_t a, std::uint8_t b) {
    return taste.weights[a] != taste.weights[b] ? taste.weights[a] > taste.weights[b] : a < b;
  };
  std::array<std::uint8_t, 3> dearest{};
  std::partial_sort(order.begin(), order.begin() + dearest.size(), order.end(), dearer);
  for (std::size_t i = 0; i < dearest.size() && taste.weights[order[i]] > 0; ++i)
    dearest[i] = static_cast<std::uint8_t>(order[i] + 1);

  if (dearest == taste.dearest) return;
  taste.dearest = dearest;
  ++updates_;
  send_(describe(watch, taste));
}

PreferencesUpdated Preferences::describe(const Watch& watch, const Taste& taste) const {
  PreferencesUpdated update{.cause = watch.sequence, .user = watch.started.user};
  const std::uint64_t sum = std::accumulate(taste.weights.begin(), taste.weights.end(), std::uint64_t{0});
  for (std::size_t i = 0; i < taste.dearest.size() && taste.dearest[i] != 0; ++i) {
    const std::size_t genre = taste.dearest[i] - std::size_t{1};
    update.genres[i] = {
        .genre = decltype(GenreShare::genre)::from(genre < movies_.genre_count() ? movies_.genre_name(genre) : "?"),
        .percent = static_cast<std::uint32_t>(std::uint64_t{100} * taste.weights[genre] / sum)};
  }
  return update;
}

Results Preferences::results() const { return {{"users", tastes_.size()}, {"changes of taste", updates_}}; }

void Preferences::save(StateWriter& out) const {
  out.value(updates_);
  save_map(out, tastes_);
}

void Preferences::load(StateReader& in) {
  updates_ = in.value<std::uint64_t>();
  load_map(in, tastes_);
  for (const auto& [user, taste] : tastes_) {
    if (std::any_of(taste.dearest.begin(), taste.dearest.end(),
                    [](std::uint8_t genre) { return genre > Movies::most_genres; })) {
      throw StateDamaged("a genre that cannot be");
    }
  }
}

}  // namespace streaming
