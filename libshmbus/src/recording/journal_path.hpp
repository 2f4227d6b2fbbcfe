#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "journal/disk_storage.hpp"
#include "journal/journal_reader.hpp"
#include "log/record_path.hpp"
#include "topic/topic_segment.hpp"

namespace shmbus::recording {

/// The ring of a topic whose journal is read.
class Ring {
 public:
  virtual ~Ring() = default;
  /// Goes on in the ring at event `sequence` from the next poll on; with a `time` (ns, 0: none) at the first event from there
  /// on of that time or later. Returns false where the ring does not hold it.
  virtual bool back_to_ring(std::uint64_t sequence, std::int64_t time) noexcept = 0;
  /// The same, but what has left the ring counts as lost. Returns false where that is not possible.
  virtual bool skip_to_ring(std::uint64_t sequence, std::int64_t time) noexcept = 0;
};

/// The source that reads a topic's journal, for a subscriber whose next event has left the ring. One thread at a time.
///
/// P4 It reads no frame beyond the watermark. Behind the last one the subscriber goes on in the ring.
class JournalPath final : public log::RecordPath {
 public:
  /// `words` are those of the subscriber's port. With `durable_only` it hands out durable events alone. *Throws* Error.
  static std::unique_ptr<JournalPath> open(std::shared_ptr<topic::TopicSegment> segment, layout::SubscriberWords& words,
                                           Ring& ring, bool durable_only);

  /// Begins at an event; where it is not there any more, at the next one. `missed_counts`: what lies between is lost.
  void start_at(std::uint64_t sequence, bool missed_counts) noexcept;
  void start_at_oldest() noexcept;
  /// Begins at the last `count` events below number `before`.
  void start_at_last(std::uint64_t before, std::uint64_t count);
  /// Begins at the first event of that time or later.
  void start_at_time(std::int64_t ns) noexcept;
  /// Goes on with the count that another source of the same subscriber has reached.
  void take_lost(std::uint64_t lost) noexcept { lost_ = lost; }

  /// Whether a poll could find something, or would go back to the ring.
  bool look() noexcept;
  bool ready() noexcept { return cursor_ != end_ || look(); }
  /// Hands out no more events.
  void stop(Status status) noexcept;
  void in_child() noexcept;

  std::uint64_t next_sequence() const noexcept { return next_sequence_; }
  std::uint64_t lost() const noexcept { return lost_; }
  /// `journal_failed` while the journal can't be read: it is tried again.
  Status status() const noexcept { return failing_ ? Status::journal_failed : status_; }

 private:
  JournalPath(std::shared_ptr<topic::TopicSegment> segment, layout::SubscriberWords& words, Ring& ring,
              bool durable_only, std::unique_ptr<journal::DiskStorage> storage,
              std::unique_ptr<journal::JournalReader> reader);

  bool take_special(const layout::RecordHeader* header, layout::RecordMeta meta, detail::EventRecord& record,
                    std::size_t& stride) noexcept override;
  bool sample_latency() noexcept override { return true; }
  bool nothing_here(std::uint64_t key) noexcept override;
  bool next_block() noexcept override;
  bool begin_poll() noexcept override;

  bool load_frame() noexcept;
  bool enter(std::span<std::byte> body, std::uint64_t first, std::uint64_t last) noexcept;
  void pass(std::uint64_t last, bool lost) noexcept;
  bool wait_for_recorder() noexcept;
  bool leave_for_ring() noexcept;
  std::uint64_t watermark() const noexcept;
  std::int64_t skip_time() const noexcept { return timestamps_ ? skip_time_ : 0; }

  std::shared_ptr<topic::TopicSegment> segment_;
  Ring* ring_;
  bool durable_only_;
  std::unique_ptr<journal::DiskStorage> storage_;
  std::unique_ptr<journal::JournalReader> reader_;
  std::uint64_t lost_ = 0;
  std::uint64_t last_ = 0;           // of the frame
  std::int64_t skip_time_ = 0;       // events of an earlier time are skipped; 0: no limit
  bool settled_ = false;             // it has found its first event
  std::uint64_t waits_for_ = 0;      // the number that it waits for the recorder to write ...
  std::uint64_t waiting_since_ = 0;  // ... since when, monotonic ns
  bool left_ = false;                // the subscriber goes on in the ring
  bool failing_ = false;             // the last read failed; the next one tries again
  journal::FrameBuffer buffer_{};
};

}  // namespace shmbus::recording
