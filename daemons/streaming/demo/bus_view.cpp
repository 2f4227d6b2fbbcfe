#include "demo/bus_view.hpp"

#include <algorithm>

#include <shmbus/error.hpp>

#include "common/events.hpp"

namespace demo {
namespace {

const shmbus::TopicSnapshot* find(const shmbus::BusSnapshot& bus, std::string_view name) {
  const auto found = std::find_if(bus.topics.begin(), bus.topics.end(),
                                  [&](const shmbus::TopicSnapshot& topic) { return topic.info.name == name; });
  return found == bus.topics.end() ? nullptr : &*found;
}

}  // namespace

shmbus::BusSnapshot BusView::look() {
  if (!inspector_) {
    try {
      inspector_.emplace(bus_);
    } catch (const shmbus::Error& error) {
      if (error.code() != shmbus::ErrorCode::not_found) throw;
      return {};
    }
  }
  return inspector_->snapshot();
}

std::uint64_t BusView::published() { return published(streaming::watch_topic); }

std::uint64_t BusView::published(std::string_view topic) {
  const shmbus::BusSnapshot bus = look();
  const shmbus::TopicSnapshot* found = find(bus, topic);
  return found == nullptr ? 0 : found->published;
}

std::size_t BusView::subscriptions() {
  const shmbus::BusSnapshot bus = look();
  return static_cast<std::size_t>(std::count_if(
      bus.subscriptions.begin(), bus.subscriptions.end(),
      [](const shmbus::SubscriptionSnapshot& subscription) { return subscription.pattern == streaming::watch_topic; }));
}

bool BusView::has_read(std::string_view service, std::uint64_t sequence) {
  const shmbus::BusSnapshot bus = look();
  const shmbus::TopicSnapshot* watches = find(bus, streaming::watch_topic);
  return watches != nullptr && std::any_of(watches->subscribers.begin(), watches->subscribers.end(),
                                           [&](const shmbus::SubscriberSnapshot& subscriber) {
                                             return subscriber.alive && subscriber.name == service &&
                                                    subscriber.next_sequence > sequence;
                                           });
}

}  // namespace demo
