#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "journal/description.hpp"
#include "journal/event_index.hpp"
#include "journal/failure.hpp"
#include "journal/file_head.hpp"
#include "journal/recovery.hpp"
#include "journal/storage.hpp"

namespace shmbus::journal {

struct WriterOptions {
  std::uint64_t file_bytes = 0;                           ///< 0: as the description says
  std::uint64_t index_spacing = std::uint64_t{64} << 10;  ///< bytes of a segment file for each entry of its index
  bool allocate = true;                                   ///< back a segment file with storage when it is created
  /// Seed of a segment file whose sync failed, as `failed_seed` said it: if it is the last one, its frames above
  /// `trusted` don't count, though the page cache may show them. 0: none.
  std::uint64_t distrusted = 0;
  std::uint64_t trusted = 0;  ///< the last number that was durable then
};

/// What `retain` keeps.
struct RetainLimits {
  std::uint64_t bytes = 0;   ///< 0: no limit
  std::uint64_t age_ns = 0;  ///< 0: no limit
  /// Only files whose numbers are all at or below this one are removed; nothing: any.
  std::optional<std::uint64_t> acknowledged{};
};

struct Removed {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t last = 0;  ///< the last number that was removed; 0: none
};

/// What one call is to append.
struct FrameNumbers {
  std::uint32_t events = 0;
  std::uint64_t first = 0;      ///< of the first record
  std::uint64_t last = 0;       ///< of the last record
  std::int64_t first_time = 0;  ///< of the first record, nanoseconds since 1970
  std::int64_t last_time = 0;   ///< the greatest time of the records
};

/// Writes a journal: one process at a time, which holds the recorder's lock, and one thread.
///
/// The functions return 0 or an errno value, and `failure` then says what failed. After a failure to write or sync each
/// further call returns the same, until `begin_new_file`: nothing is tried again on a file that failed.
class JournalWriter {
 public:
  /// Opens a journal, or begins one in an empty folder: recovers what the last writer left, stores the description in
  /// `topic`, and syncs what it found. Where the last file was closed, and the description is the same, it is continued;
  /// else a new one begins with the first append. *Throws* Error: `invalid_option` for a description that is not valid,
  /// `incompatible` where the last file is of another version, else as storage_error.
  static std::unique_ptr<JournalWriter> open(Storage& storage, const Description& description,
                                             const WriterOptions& options = {});
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;
  /// Closes files, and nothing more: as if the process had died here. See `close`.
  ~JournalWriter();

  const Recovered& recovered() const noexcept { return recovered_; }

  /// The lowest number that may be appended next.
  std::uint64_t next_sequence() const noexcept { return recorded_ + 1; }
  /// The last number that was written: of an event, or one that a gap, a missing stretch or damage names. 0: none.
  std::uint64_t recorded() const noexcept { return recorded_; }
  /// Up to it everything recorded is on stable storage.
  std::uint64_t durable() const noexcept { return durable_; }

  /// Appends a frame of events. The records begin 64 bytes into `frame`; those bytes receive the header. *Requires*
  /// records in the form that doc/journal.md gives, with ascending numbers. EINVAL, without any effect, where the
  /// numbers do not fit: `first` is below `next_sequence`, or the body is empty, too large or no multiple of 8.
  int append(std::span<std::byte> frame, const FrameNumbers& numbers);
  /// Notes that no event has or will have the numbers from `first` on.
  int append_gap(std::uint64_t first, std::uint64_t numbers);
  /// Notes that the events with the numbers from `first` on were not recorded.
  int append_missing(std::uint64_t first, std::uint64_t numbers);

  /// Makes everything recorded durable.
  int sync();
  /// Notes in the file what was synced, where no frame has done so yet; the note itself is not synced. From then on
  /// damage below is told from a tail.
  int note_synced();

  /// Gives up the file that failed, so that the next append begins a new one. Everything recorded that is not durable
  /// is lost if it can't be synced: then `recorded` falls back to `durable`, and the caller appends again what it still
  /// has, from `next_sequence` on, and names what it has not with `append_missing`. Also without a failure: the next
  /// append begins a new file. Returns 0, or the errno value of what still fails.
  int begin_new_file();

  /// Closes the journal: everything is durable, and the next writer finds a clean end. Nothing may be appended after.
  int close();

  const Failure& failure() const noexcept { return failure_; }
  /// Seed of the open file where its sync failed: its pages can't be trusted, also by the next writer. 0: none.
  std::uint64_t failed_seed() const noexcept { return sync_failed_ ? head_.seed : 0; }

  std::uint64_t files() const noexcept { return held_.size(); }
  /// Bytes of all segment files, without the room behind the end of the last one.
  std::uint64_t bytes() const noexcept;
  /// The first number that the oldest file may hold; 0: no file.
  std::uint64_t first_held() const noexcept { return held_.empty() ? 0 : held_.front().first; }
  /// Removes the oldest files for as long as they exceed the limits; never the last one. Returns an errno value; such
  /// a failure does not stop the writer.
  int retain(const RetainLimits& limits, std::int64_t now_ns, Removed& removed);
  int free_space(std::uint64_t& bytes) { return storage_->free_space(bytes); }

 private:
  struct Held {
    std::uint64_t first;
    std::uint64_t bytes;                     // of the last one: see `end_`
    std::optional<std::int64_t> greatest{};  // time of its events and of those before; known when asked for
  };

  JournalWriter(Storage& storage, const Description& description, const WriterOptions& options);
  void recover();
  int recover_last(std::uint64_t first);
  int sync_unsynced_files();
  int append_frame(std::span<std::byte> frame, FrameHeader header);
  int append_numbers(std::uint32_t flags, std::uint64_t first, std::uint64_t numbers);
  int write_note(std::uint32_t flags);
  int begin_file(std::uint64_t first);
  int end_file(bool for_good);
  int sync_earlier();
  int find_greatest(std::optional<std::int64_t>& greatest);
  int fail(int error, std::string what);
  int refuse(int error, std::string what);
  void note_durable() noexcept {
    durable_ = recorded_;
    durable_named_ = named_;
  }
  bool syncs() const noexcept { return description_.sync != SyncKind::page_cache; }

  Storage* storage_;
  Description description_;
  WriterOptions options_;
  std::uint64_t file_bytes_;
  Recovered recovered_{};
  Failure failure_{};
  bool sync_failed_ = false;     // on the file that is open
  bool durable_stands_ = false;  // an earlier file could not be synced: nothing behind it can be called durable
  bool closed_ = false;

  std::unique_ptr<StoredFile> file_;  // nothing: the next append begins one
  HeadContent head_{};
  EventIndex index_;
  std::uint64_t end_ = 0;          // of what was written
  std::uint64_t synced_ = 0;       // below it all is on stable storage
  std::uint64_t noted_ = 0;        // the highest `synced` of a frame
  std::uint64_t content_end_ = 0;  // behind the last frame that is more than a note
  bool ends_closed_ = false;       // the last frame is a closing one

  std::uint64_t recorded_ = 0;
  std::uint64_t durable_ = 0;
  // Of the numbers up to `recorded_` the last one that a frame or damage names: the rest was never used. For headers.
  std::uint64_t named_ = 0;
  std::uint64_t durable_named_ = 0;      // likewise
  std::deque<Held> held_;                // all segment files, oldest first
  std::vector<std::uint64_t> unsynced_;  // earlier files that were never synced, by their first number
};

}  // namespace shmbus::journal
