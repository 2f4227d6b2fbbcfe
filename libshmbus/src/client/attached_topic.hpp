#pragma once

#include <memory>

#include "durable/topic_cursor.hpp"
#include "log/reader.hpp"
#include "log/sleep.hpp"
#include "platform/fork_guard.hpp"
#include "registry/subscription_table.hpp"
#include "shmbus/detail/poll_state.hpp"
#include "topic/topic_segment.hpp"

namespace shmbus::detail {

/// A subscriber's port in one topic, and the reader that uses it.
class AttachedTopic final : public TopicReader, private platform::ForkListener {
 public:
  /// Adopts the port that the topic's creator placed for the subscription, or takes a free one and starts there. With
  /// `always_start`, it starts there on a placed port, too. *Throws* Error.
  static std::shared_ptr<AttachedTopic> attach(std::shared_ptr<topic::TopicSegment> segment,
                                               const registry::StandingSubscription& subscription, Start start,
                                               bool always_start = false);
  ~AttachedTopic() override;

  /// Of a record in the block that the reader is inside.
  Time to_time(const EventRecord& record) noexcept;
  topic::TopicSegment& segment() const noexcept { return *segment_; }

  /// Shows that the subscriber sleeps, or that it does not sleep any more.
  void announce_sleep() noexcept { log::announce_sleep(segment_->log(), reader.port()); }
  void end_sleep() noexcept { log::end_sleep(segment_->log(), reader.port()); }
  void count_wakeup() noexcept { log::count_wakeup(segment_->log(), reader.port()); }
  /// Withdraws ports that another process placed for the same subscription because it did not see this one.
  void withdraw_doubles(std::uint64_t subscription) noexcept;
  /// For a subscriber that is gone while an event that it retained is not. Holds no publisher back any more, and keeps
  /// only that event's block.
  void retire() noexcept;
  /// Whether a publisher made it lossy. Any thread.
  bool demoted() const noexcept;
  bool forked() const noexcept { return segment_->node().forked(); }

  /// Returns the sequence of the event that it hands out next: all before it were handed out, or skipped.
  std::uint64_t next_sequence() const noexcept { return reader.next_sequence(); }
  /// Returns the sequence of the first event that it would hand out, as far as that is known.
  std::uint64_t begin_sequence() noexcept;

  log::Reader reader;
  std::unique_ptr<durable::TopicCursor> cursor;        ///< of a durable subscription; else null
  std::atomic<std::uint64_t> reported_mismatch_ns{0};  ///< when an event of another type was reported last

 private:
  AttachedTopic(std::shared_ptr<topic::TopicSegment> segment, unsigned port, std::uint64_t subscription);
  void in_child() noexcept override { reader.in_child(); }

  std::shared_ptr<topic::TopicSegment> segment_;
  std::atomic<bool> retired_{false};
};

/// Each TopicReader is an AttachedTopic.
inline AttachedTopic& attached_topic(TopicReader& reader) noexcept { return static_cast<AttachedTopic&>(reader); }

/// Withdraws the ports that were placed in a topic for a subscription of this node and never adopted.
void withdraw_ports(topic::TopicSegment& segment, std::uint64_t subscription) noexcept;

}  // namespace shmbus::detail
