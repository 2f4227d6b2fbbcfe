#pragma once

#include <algorithm>
#include <memory>

#include "durable/topic_cursor.hpp"
#include "log/reader.hpp"
#include "log/sleep.hpp"
#include "platform/fork_guard.hpp"
#include "platform/once_per_second.hpp"
#include "recording/journal_path.hpp"
#include "registry/subscription_table.hpp"
#include "shmbus/detail/poll_state.hpp"
#include "topic/topic_segment.hpp"

namespace shmbus::detail {

/// A subscriber's port in one topic, and the two sources of its events: the ring, and where the topic has one its journal.
///
/// A1 What is not in the journal is in the ring, missing numbers excepted, so the subscriber changes between them without
///    a gap or a double: to the journal when its next event has left the ring, back as soon as the ring has it.
/// A2 While it reads from the journal it pins nothing, and holds nobody back.
class AttachedTopic final : public TopicReader,
                            private platform::ForkListener,
                            private log::Elsewhere,
                            private recording::Ring {
 public:
  /// Adopts the port that the topic's creator placed for the subscription, or takes a free one and starts there. With
  /// `always_start`, it starts there on a placed port, too. *Throws* Error.
  static std::shared_ptr<AttachedTopic> attach(std::shared_ptr<topic::TopicSegment> segment,
                                               const registry::StandingSubscription& subscription, Start start, See see,
                                               bool always_start = false);
  ~AttachedTopic() override;

  /// Of a record in the block that the reader is inside.
  Time to_time(const EventRecord& record) noexcept;
  topic::TopicSegment& segment() const noexcept { return *segment_; }

  /// Shows that the subscriber sleeps, or that it does not sleep any more.
  void announce_sleep() noexcept;
  void end_sleep() noexcept;
  void count_wakeup() noexcept { log::count_wakeup(segment_->log(), reader.port()); }
  /// Withdraws ports that another process placed for the same subscription because it did not see this one.
  void withdraw_doubles(std::uint64_t subscription) noexcept;
  /// For a subscriber that is gone while an event that it retained is not. Holds no publisher back any more, and keeps
  /// only that event's block.
  void retire() noexcept;
  /// Whether a publisher made it lossy. Any thread.
  bool demoted() const noexcept;
  bool forked() const noexcept { return segment_->node().forked(); }

  /// As Reader::ready and Reader::look, for the source that it reads from.
  bool ready() noexcept { return in_journal_ ? journal_->ready() : reader.ready(); }
  bool look() noexcept { return in_journal_ ? journal_->look() : reader.look(); }
  /// Returns the sequence of the event that it hands out next: all before it were handed out, or skipped.
  std::uint64_t next_sequence() const noexcept {
    return in_journal_ ? journal_->next_sequence() : std::max(reader.next_sequence(), resumed_);
  }
  std::uint64_t lost() const noexcept { return in_journal_ ? journal_->lost() : reader.lost(); }
  std::uint64_t delivered() const noexcept { return in_journal_ ? journal_->delivered() : reader.delivered(); }
  /// `journal_failed` where the journal can't be read, or a subscriber of durable events waits for a failed recorder.
  Status status() const noexcept;
  bool in_journal() const noexcept { return in_journal_; }
  /// As Reader::stop and Reader::mark_corrupt.
  void stop() noexcept;
  void mark_corrupt() noexcept;
  /// As Reader::retain; events from the journal are copied.
  int retain() noexcept { return in_journal_ ? -1 : reader.retain(); }
  /// Returns the sequence of the first event that it would hand out, as far as that is known.
  std::uint64_t begin_sequence() noexcept;

  log::Reader reader;
  std::unique_ptr<durable::TopicCursor> cursor;  ///< of a durable subscription; else null
  platform::OncePerSecond mismatch_reports{};    ///< of events of another type

 private:
  AttachedTopic(std::shared_ptr<topic::TopicSegment> segment, unsigned port, std::uint64_t subscription, See see);
  void in_child() noexcept override;
  void start(Start start);
  bool start_in_journal(Start start);
  bool open_journal() noexcept;
  void enter_journal() noexcept;
  bool go_on(std::uint64_t sequence) noexcept override;
  bool back_to_ring(std::uint64_t sequence, std::int64_t time) noexcept override;
  bool skip_to_ring(std::uint64_t sequence, std::int64_t time) noexcept override;

  std::shared_ptr<topic::TopicSegment> segment_;
  std::atomic<bool> retired_{false};
  const bool durable_only_;  // hands out durable events alone
  bool in_journal_ = false;
  std::uint64_t resumed_ = 0;  // where it came back to the ring: the reader counts from there once it has an event
  std::unique_ptr<recording::JournalPath> journal_;  // made when it is needed first
  std::string journal_problem_{};                    // why it could not be opened
  std::atomic<bool> journal_failed_{false};
};

/// Each TopicReader is an AttachedTopic.
inline AttachedTopic& attached_topic(TopicReader& reader) noexcept { return static_cast<AttachedTopic&>(reader); }

/// Withdraws the ports that were placed in a topic for a subscription of this node and never adopted.
void withdraw_ports(topic::TopicSegment& segment, std::uint64_t subscription) noexcept;

}  // namespace shmbus::detail
