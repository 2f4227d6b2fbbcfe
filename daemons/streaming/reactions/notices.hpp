#pragma once

#include <span>
#include <unordered_map>

#include "common/bounded_counts.hpp"
#include "common/reaction.hpp"

namespace streaming {

/// notification-service: notifies a user's friends of what the user watches. It takes users that keep watching the same
/// videos for friends. Bounded: it remembers a video's last 8 viewers, and a user's 16 closest friends.
class Notices : public Reaction {
 public:
  /// How many common videos make two users friends.
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
