#pragma once

#include <memory>

#include "base/topic_name.hpp"
#include "client/attached_topic.hpp"
#include "registry/subscription_table.hpp"
#include "topic/topic_segment.hpp"

namespace shmbus::detail {

/// Decides which topics a subscriber reads beside those of its pattern, and where it begins in each: a group's member.
class TopicJoiner {
 public:
  virtual ~TopicJoiner() = default;
  /// Whether it reads this topic, too.
  virtual bool covers(const base::TopicName& topic) const noexcept = 0;
  /// Attaches a topic. `start` is where a subscriber would begin. *Throws* Error.
  virtual std::shared_ptr<AttachedTopic> join(const std::shared_ptr<topic::TopicSegment>& segment,
                                              const registry::StandingSubscription& subscription, Start start) = 0;
  /// Whether there is something to do beside new events. Called before the subscriber sleeps, and often.
  virtual bool ready() noexcept = 0;
};

}  // namespace shmbus::detail
