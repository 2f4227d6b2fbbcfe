#pragma once

#include <span>
#include <unordered_map>

#include "common/bounded_counts.hpp"
#include "common/reaction.hpp"

namespace streaming {

/// notification-service: tells a user's friends what the user watches. Nobody told it who is whose friend; it takes
/// those who keep watching the same videos for friends, and learns it as it goes. Bounded: a video's last 8 viewers,
/// and a user's 16 closest.
class Notices : public Reaction {
 public:
  /// So many meetings at a video make two users friends.
  static constexpr std::uint32_t meetings = 3;

  explicit Notices(Send<NotificationSent> send);

  void react(const Watch& watch) override;
  Results results() const override;
  void save(StateWriter& out) const override;
  void load(StateReader& in) override;

 private:
  using Met = BoundedCounts<16>;

  using Friends = decltype(NotificationSent::friends);

  std::span<const std::uint64_t> find_friends(std::uint64_t user, Friends& room) const;

  Send<NotificationSent> send_;
  std::unordered_map<std::uint64_t, Recent<8>> viewers_;  // by video
  std::unordered_map<std::uint64_t, Met> met_;            // by user
  std::uint64_t notices_ = 0;
};

}  // namespace streaming
