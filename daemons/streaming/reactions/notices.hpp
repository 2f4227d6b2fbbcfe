#pragma once

#include "common/reaction.hpp"

namespace streaming {

/// notification-service: notifies a user's friends of what the user watches. It takes users that keep watching the same
/// videos for friends. The work for a watch is bounded: it remembers a video's last three viewers, and sixteen users that
/// each user met.
class Notices : public Reaction {
 public:
  /// How many common videos make two users friends.
  static constexpr std::uint64_t meetings = 3;

  Notices(StateDatabase& state, Send<NotificationSent> send);

  void react(const Watch& watch) override;
  Results results() const override;

 private:
  StateDatabase& state_;
  Send<NotificationSent> send_;
  Statement meet_;
  Statement add_viewer_;
  Statement find_friends_;
  Statement count_notices_;
};

}  // namespace streaming
