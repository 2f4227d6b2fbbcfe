#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/topic_name.hpp"
#include "inspect/event_copy.hpp"
#include "journal/disk_storage.hpp"
#include "journal/frame_buffer.hpp"
#include "journal/journal_reader.hpp"
#include "journal/records.hpp"
#include "registry/registry.hpp"

namespace shmbus::detail {

/// Reads the events of one topic's journal, in sequence order, for a reader without a port. It needs the right to read
/// only, and checks all that it reads. As recording::JournalPath, which is for one with a port.
class JournalSource {
 public:
  /// Opens the files when it begins to read. *Requires* that the registry outlives it.
  JournalSource(const registry::Registry& registry, base::TopicName name) noexcept
      : registry_(&registry), name_(std::move(name)) {}

  // Where to begin. *Throw* Error where the journal can't be read.
  void start_at_oldest();
  /// At an event; where it is not there any more, at the next one. `missed_counts`: what lies between is lost.
  void start_at(std::uint64_t sequence, bool missed_counts);
  /// At the last `count` events below number `before`.
  void start_at_last(std::uint64_t before, std::uint64_t count);
  /// At the first event of that time or later.
  void start_at_time(std::int64_t ns);

  /// Makes the next event the current one. Reads no frame with a number above `recorded`, and none once all numbers below
  /// `end` are read. Returns false where there is no such event now. *Throws* Error where the files can't be read; the
  /// next call tries it again.
  bool advance(std::uint64_t recorded, std::uint64_t end);

  // The current event.
  Time time() const noexcept { return time_; }
  std::uint64_t sequence() const noexcept { return current_.sequence; }
  void copy(const CopySource& topic, std::size_t max_payload, EventSnapshot& event) const {
    copy_event({topic.topic, topic.bus, topic_id_}, current_, time_, max_payload, event);
  }

  /// The sequence of the next event.
  std::uint64_t next_sequence() const noexcept { return next_; }
  /// Whether an event was found, or what was missed before the first one counts.
  bool settled() const noexcept { return settled_; }
  /// Whether it still looks for the first event of a time.
  bool seeks_time() const noexcept { return since_.has_value(); }
  std::int64_t sought_time() const noexcept { return since_.value_or(0); }
  /// Returns how many events were missed since the last call: they were not recorded, or their bytes are damaged or removed.
  std::uint64_t take_lost() noexcept { return std::exchange(lost_, 0); }
  /// Closes the files until they are needed.
  void close() noexcept;

 private:
  void open();
  void begin(std::uint64_t sequence, bool settled);
  void check(int error) const;
  bool take(const journal::StoredRecord& record);
  void pass(std::uint64_t last, bool lost) noexcept;

  const registry::Registry* registry_;
  base::TopicName name_;
  std::unique_ptr<journal::DiskStorage> storage_;
  std::unique_ptr<journal::JournalReader> reader_;  // null: closed
  journal::FrameBuffer buffer_;
  std::optional<journal::RecordWalk> walk_;  // of the frame in the buffer
  std::uint64_t last_ = 0;                   // number of that frame
  std::uint64_t topic_id_ = 0;               // of the topic when that frame was written
  std::uint64_t next_ = 1;
  std::optional<std::int64_t> since_;  // events of an earlier time are passed over
  bool settled_ = false;
  std::uint64_t lost_ = 0;
  EventRecord current_;
  Time time_{};
};

}  // namespace shmbus::detail
