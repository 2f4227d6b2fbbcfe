#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "base/topic_name.hpp"
#include "inspect/journal_source.hpp"
#include "inspect/topic_events.hpp"
#include "registry/registry.hpp"
#include "shmbus/error.hpp"
#include "shmbus/options.hpp"

namespace shmbus::detail {

/// Reads the events of one topic without a port, in sequence order: from its journal what has left the ring, all else from
/// the ring. A topic without a journal is read from the ring alone.
///
/// S1 What is not in the journal is in the ring, missing numbers excepted, so it changes between them without a gap or a
///    double: to the journal in front of events that have left the ring, back to the ring behind the last frame.
class TopicSource {
 public:
  /// Without `with_journal` it reads the ring alone. *Requires* that the registry outlives it.
  TopicSource(const registry::Registry& registry, base::TopicName name, std::unique_ptr<TopicEvents> ring,
              bool with_journal);

  /// Goes to where reading begins. Where the journal can't be read, that is in the ring: see `problem`. *Throws* Error:
  /// `stale_position` or `invalid_option` as a subscriber does, `corrupt`.
  void start(Start start);
  /// *Throws* Error where the log's file can't be read.
  void check_readable() { ring_->check_readable(); }
  /// Reads no event that is not published yet.
  void end_here() { ring_->end_here(); }

  /// Makes the next event the current one. Copies the next piece, of at most `piece` bytes or a frame of the journal, where
  /// the last one is used up and does not reach `end`. Returns false where there is no event now: see `problem`, `waits`.
  bool advance(std::size_t piece, std::uint64_t end = std::numeric_limits<std::uint64_t>::max());

  // The current event.
  Time time() const noexcept { return in_journal_ ? journal_->time() : ring_->time(); }
  void copy(EventSnapshot& event) const;

  /// Whether it needs no further `advance`: all that `end_here` left was read, or the topic can't be read any further.
  bool ended() const noexcept { return ring_->corrupt() || next_sequence() >= ring_->end(); }
  bool timestamps() const noexcept { return ring_->timestamps(); }
  /// Sequence of the event after the newest one. *Throws* Error, `corrupt`.
  std::uint64_t published() const { return ring_->published(); }
  /// Counts what was not read and can't be read any more.
  void abandon();

  std::uint64_t lost() const noexcept { return ring_->lost() + lost_; }
  const std::string& name() const noexcept { return ring_->name(); }
  /// Why it can't be read, or not now, or not from its journal.
  const std::optional<Error>& problem() const noexcept {
    return ring_->problem() || !problem_ ? ring_->problem() : problem_;
  }
  /// Whether the next event is claimed and not committed, though the log goes on behind it.
  bool waits() const noexcept { return !in_journal_ && ring_->waits(); }
  /// The sequence of the next event.
  std::uint64_t next_sequence() const noexcept {
    return in_journal_ ? journal_->next_sequence() : ring_->next_sequence();
  }
  bool removed() const noexcept { return ring_->removed(); }
  /// Closes all files until they are needed.
  void close() noexcept;

 private:
  bool start_in_both(Start start);
  bool enter_journal() noexcept;
  bool advance_in_journal(std::uint64_t end);
  bool leave_journal(std::uint64_t watermark);
  std::uint64_t recorded() const noexcept;

  std::unique_ptr<TopicEvents> ring_;
  std::unique_ptr<JournalSource> journal_;  // null: the topic has none
  const std::uint64_t stall_limit_ns_;
  bool in_journal_ = false;
  std::uint64_t waiting_since_ = 0;  // for the recorder, to write what has left the ring; monotonic ns, 0: it does not
  std::uint64_t lost_ = 0;           // in the journal, or with the topic
  std::optional<Error> problem_;     // of the journal
};

}  // namespace shmbus::detail
