#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "durable/journal_cursors.hpp"
#include "journal/disk_storage.hpp"
#include "journal/journal_writer.hpp"
#include "journal/numbers.hpp"
#include "log/journal_gate.hpp"
#include "log/reader.hpp"
#include "platform/locked_byte.hpp"
#include "recording/frame_batch.hpp"
#include "topic/topic_segment.hpp"

namespace shmbus::recording {

/// Records one topic: reads its ring through a port like any subscriber, and writes what it reads to the journal. It
/// exists while this process holds the journal's lock. One thread runs it; any other may stop it.
///
/// R1 `recorded` grows after the write of all events up to it; `durable` after their sync, where the topic wants syncs.
/// R2 The gate moves past a block after the block's events were written (G2).
/// R3 After a failed write or sync nothing is written to that file again: the next one begins behind what was durable.
class Recorder {
 public:
  Recorder(std::shared_ptr<topic::TopicSegment> segment, std::unique_ptr<journal::DiskStorage> storage,
           platform::LockedByte lock, std::uint64_t low_space);
  ~Recorder();

  /// Records until it is stopped, or the topic was removed and read to its end.
  void run() noexcept;
  /// Records what is in the ring, and returns.
  void run_once() noexcept;
  /// Makes `run` write what is in the ring, and return.
  void stop() noexcept;

 private:
  using Clock = std::chrono::steady_clock;
  /// When it was idle for this time after a sync, it notes in the file what was synced.
  static constexpr std::chrono::milliseconds kMarkAfter{50};

  bool begin() noexcept;
  bool open_files();
  void attach();
  void place_gate();
  void step() noexcept;
  bool collect();
  bool write();
  bool sync();
  bool sync_if_due(bool idle);
  bool describe_type();
  bool reserve_numbers();
  void take_care();
  void show_progress() noexcept;
  void fail(const journal::Failure& failure, layout::RecorderState state) noexcept;
  void pause(std::chrono::nanoseconds time) noexcept;
  void sleep() noexcept;
  std::chrono::nanoseconds longest_sleep() const noexcept;
  void end() noexcept;
  bool ended() const noexcept;
  bool enough_space();

  std::shared_ptr<topic::TopicSegment> segment_;
  std::unique_ptr<journal::DiskStorage> storage_;
  platform::LockedByte lock_;
  const std::uint64_t low_space_;  // free bytes of the file system that are left to others
  layout::JournalWords& words_;
  log::JournalGate gate_;
  durable::CursorWatch cursors_;
  FrameBatch batch_;
  std::optional<unsigned> port_;
  std::unique_ptr<log::Reader> reader_;
  std::unique_ptr<journal::JournalWriter> writer_;
  std::unique_ptr<journal::Numbers> numbers_;
  std::uint64_t described_type_ = 0;  // hash of the type that the journal names
  std::uint64_t expected_ = 0;        // number that comes next
  std::uint64_t seen_lost_ = 0;       // of the reader
  Clock::time_point synced_{}, wrote_{}, cared_{}, retry_{};
  std::chrono::nanoseconds pause_{};
  bool marked_ = true;  // the file says what is synced
  std::atomic<bool> stopping_{false};
};

}  // namespace shmbus::recording
