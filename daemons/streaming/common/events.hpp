#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <shmbus/type_fields.hpp>
#include <shmbus/type_name.hpp>

// The events of the platform. They are all that its services have in common: no service knows another.
//
// Every result names its cause, the sequence of the watch it answers. So no two results of a service are alike, by which it
// knows the ones that it published before it was killed: see outbox.hpp.
//
// Each type records its fields, so that a service built with another definition of it is refused.

namespace streaming {

inline constexpr std::string_view watch_topic = "video.watch_started";

/// A text of fixed size: cut off if longer, padded with zeros.
template <std::size_t N>
struct Text {
  std::array<char, N> characters{};

  static Text from(std::string_view text) {
    Text result;
    std::copy_n(text.begin(), std::min(text.size(), N), result.characters.begin());
    return result;
  }
  std::string_view view() const {
    return {characters.data(),
            static_cast<std::size_t>(std::find(characters.begin(), characters.end(), '\0') - characters.begin())};
  }
};

/// A user started a video. `video.watch_started`
struct WatchStarted {
  std::uint64_t user = 0;
  std::uint64_t video = 0;
  std::int64_t time = 0;  ///< seconds since 1970
  double rating = 0;      ///< 0 to 5 stars
};
SHMBUS_FIELDS(WatchStarted, user, video, time, rating)
static_assert(sizeof(WatchStarted) == 32);

struct GenreShare {
  Text<28> genre{};
  SHMBUS_FIELDS(GenreShare, genre, percent)
  std::uint32_t percent = 0;
};

/// The genres a user prefers have changed. `user.preferences_updated`
struct PreferencesUpdated {
  std::uint64_t cause = 0;
  std::uint64_t user = 0;
  std::array<GenreShare, 3> genres{};  ///< the most preferred first
};
SHMBUS_FIELDS(PreferencesUpdated, cause, user, genres)

/// What a user might watch next. `recommendation.updated`
struct RecommendationUpdated {
  std::uint64_t cause = 0;
  std::uint64_t user = 0;
  std::array<std::uint64_t, 5> videos{};  ///< the best first; 0: none
};
SHMBUS_FIELDS(RecommendationUpdated, cause, user, videos)

/// What was counted up to and including the cause. `analytics.updated`
struct AnalyticsUpdated {
  std::uint64_t cause = 0;
  std::uint64_t watches = 0;
  std::uint64_t users = 0;
  std::uint64_t videos = 0;
  double watches_per_day = 0;    ///< over the days of the watches
  double events_per_second = 0;  ///< as they were published
};
SHMBUS_FIELDS(AnalyticsUpdated, cause, watches, users, videos, watches_per_day, events_per_second)

/// A user's friends were notified of what the user watches. `notification.sent`
struct NotificationSent {
  std::uint64_t cause = 0;
  std::uint64_t user = 0;
  std::uint64_t video = 0;
  std::array<std::uint64_t, 16> friends{};  ///< 0: none
};
SHMBUS_FIELDS(NotificationSent, cause, user, video, friends)

/// A user was given a badge. `badge.awarded`
struct BadgeAwarded {
  std::uint64_t cause = 0;
  std::uint64_t user = 0;
  std::uint64_t watched = 0;
  Text<24> badge{};
  SHMBUS_FIELDS(BadgeAwarded, cause, user, watched, badge)
};

struct RankedVideo {
  std::uint64_t video = 0;  ///< 0: none
  double score = 0;
};
SHMBUS_FIELDS(RankedVideo, video, score)

/// The ten most watched videos, old watches counting less and less, have changed. `ranking.changed`
struct RankingChanged {
  std::uint64_t cause = 0;
  std::array<RankedVideo, 10> videos{};
  SHMBUS_FIELDS(RankingChanged, cause, videos)
};

}  // namespace streaming

template <>
inline constexpr std::string_view shmbus::type_name<streaming::WatchStarted> = "video.WatchStarted";
template <>
inline constexpr std::string_view shmbus::type_name<streaming::PreferencesUpdated> = "user.PreferencesUpdated";
template <>
inline constexpr std::string_view shmbus::type_name<streaming::RecommendationUpdated> = "recommendation.Updated";
template <>
inline constexpr std::string_view shmbus::type_name<streaming::AnalyticsUpdated> = "analytics.Updated";
template <>
inline constexpr std::string_view shmbus::type_name<streaming::NotificationSent> = "notification.Sent";
template <>
inline constexpr std::string_view shmbus::type_name<streaming::BadgeAwarded> = "badge.Awarded";
template <>
inline constexpr std::string_view shmbus::type_name<streaming::RankingChanged> = "ranking.Changed";
