#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "journal/disk_storage.hpp"
#include "journal/frame_buffer.hpp"
#include "journal/journal_reader.hpp"
#include "journal/records.hpp"
#include "shmbus/journal_files.hpp"

namespace shmbus {

/// Walks a journal's events, and copies them out of its frames.
class JournalEvents::Impl {
 public:
  /// `object` names the journal in errors. *Throws* Error.
  Impl(std::unique_ptr<journal::DiskStorage> storage, std::string object, Start start, JournalReadOptions options);

  const EventSnapshot* next();
  std::vector<JournalStretch> take_stretches();
  std::uint64_t lost() const noexcept { return lost_; }

 private:
  void seek(Start start);
  bool take(const journal::StoredRecord& record);
  void pass(JournalStretch::Kind kind, std::uint64_t first, std::uint64_t last);

  std::unique_ptr<journal::DiskStorage> storage_;
  std::string object_;
  JournalReadOptions options_;
  std::unique_ptr<journal::JournalReader> reader_;
  journal::FrameBuffer buffer_{};
  std::optional<journal::RecordWalk> walk_{};
  std::uint64_t topic_id_ = 0;           // of the frame
  std::uint64_t from_ = 1;               // numbers below are not wanted, or were handed out
  std::optional<std::int64_t> since_{};  // nor are events of an earlier time, until the first that is not
  std::vector<JournalStretch> stretches_{};
  std::uint64_t lost_ = 0;
  EventSnapshot event_{};
};

}  // namespace shmbus
