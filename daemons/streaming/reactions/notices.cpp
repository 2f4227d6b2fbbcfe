#include "reactions/notices.hpp"

namespace streaming {

Notices::Notices(Send<NotificationSent> send) : send_(std::move(send)) {}

void Notices::react(const Watch& watch) {
  const auto& [user, video, time, rating] = watch.started;
  Recent<8>& viewers = viewers_[video];
  if (!viewers.contains(user)) {
    for (const std::uint64_t other : viewers.ids()) {
      met_[user].add(other);
      met_[other].add(user);
    }
  }
  viewers.add(user);

  NotificationSent notification{.cause = watch.sequence, .user = user, .video = video};
  const std::size_t told = find_friends(user, notification.friends).size();
  if (told == 0) return;
  notices_ += told;
  send_(notification);
}

std::span<const std::uint64_t> Notices::find_friends(std::uint64_t user, Friends& room) const {
  const auto found = met_.find(user);
  std::size_t size = 0;
  if (found != met_.end()) {
    for (const Met::Entry& other : found->second.entries()) {
      if (other.certain() >= meetings) room[size++] = other.id;
    }
  }
  return {room.data(), size};
}

Results Notices::results() const {
  std::uint64_t with_friends = 0;
  Friends room{};
  for (const auto& [user, met] : met_) with_friends += find_friends(user, room).empty() ? 0 : 1;
  return {{"users", met_.size()}, {"with friends", with_friends}, {"notices", notices_}};
}

void Notices::save(StateWriter& out) const {
  out.value(notices_);
  save_map(out, viewers_);
  save_map(out, met_);
}

void Notices::load(StateReader& in) {
  notices_ = in.value<std::uint64_t>();
  load_map(in, viewers_);
  load_map(in, met_);
}

}  // namespace streaming
