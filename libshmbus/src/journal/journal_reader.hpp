#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "journal/description.hpp"
#include "journal/event_index.hpp"
#include "journal/failure.hpp"
#include "journal/file_head.hpp"
#include "journal/frame_buffer.hpp"
#include "journal/storage.hpp"

namespace shmbus::journal {

/// What stands next in a journal.
enum class Stretch {
  events,   ///< a frame of events; `body` holds their records
  gap,      ///< numbers that no event has or will have
  missing,  ///< numbers of events that were not recorded
  damaged,  ///< numbers of events that were recorded; their bytes are damaged
  removed,  ///< numbers of events that retention has removed
  end,      ///< nothing more up to the limit, now
  failed    ///< an operation failed, see `failure`; the next call tries it again
};

/// What `JournalReader::next` found. Everything but the numbers is set for a frame of events only.
struct Piece {
  Stretch stretch = Stretch::end;
  std::uint64_t first = 0;  ///< the numbers that it is about; of events: of the first and the last record
  std::uint64_t last = 0;
  std::uint32_t events = 0;
  std::int64_t first_time = 0;  ///< of the first record
  std::int64_t last_time = 0;   ///< the greatest time of the records
  /// The records, in the buffer given to `next`. They have been checked: RecordWalk goes through all of them.
  std::span<const std::byte> body{};
  /// Of the file that the frame stands in; a topic that was made anew may have another form. Valid until the next call.
  const Description* description = nullptr;
};

/// A segment file, for lists.
struct FileInfo {
  std::string name{};
  std::uint64_t bytes = 0;
  std::uint64_t first = 0;
  std::uint64_t last = 0;            ///< the last number in it; 0: none
  std::int64_t created_ns = 0;       ///< nanoseconds since 1970
  std::int64_t last_time = kNoTime;  ///< the greatest time of an event in it or in files before it
  bool closed = false;               ///< a later file exists, or it ends with a closing frame
  int error = 0;                     ///< 0, or why it can't be read
};

/// What a journal holds.
struct Extent {
  std::uint64_t first = 0;  ///< the first number that it may hold; 0: it holds nothing
  std::uint64_t last = 0;   ///< the last number that a frame names
  std::optional<std::int64_t> first_time{};
  std::optional<std::int64_t> last_time{};
};

/// Reads a journal, while a recorder in another process may append to it and retention may remove its files. It needs no
/// right to write, and believes nothing that it has not checked. One thread.
class JournalReader {
 public:
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  /// *Throws* Error where there is no journal that can be read: `not_found`, `corrupt`, `incompatible`, ... The storage
  /// must outlive the reader. The reader stands at the oldest number.
  static std::unique_ptr<JournalReader> open(Storage& storage);
  JournalReader(const JournalReader&) = delete;
  JournalReader& operator=(const JournalReader&) = delete;

  /// The topic, as the recorder described it last.
  const Description& description() const noexcept { return description_; }

  /// These place the reader. They return 0 or an errno value.
  int seek_oldest();
  /// So that the next piece is the one with number `number`, or the next after it. Numbers from there on that were
  /// removed or damaged are named.
  int seek_sequence(std::uint64_t number);
  /// So that the next piece holds the first event, in the order of numbers, of that time or later. Where there is none, the
  /// reader stands behind the last one.
  int seek_time(std::int64_t ns);

  /// Goes on by one piece, of which no number is above `limit`: the recorder's `recorded`, or kNoLimit where no recorder
  /// is at work or none is asked. The buffer receives the records, and grows as needed.
  Piece next(std::uint64_t limit, FrameBuffer& buffer);
  /// The number from which on the reader goes on.
  std::uint64_t position() const noexcept { return position_; }

  const Failure& failure() const noexcept { return failure_; }

  /// These look through the journal, and leave the reader where it is. They return 0 or an errno value.
  int extent(Extent& extent);
  int files(std::vector<FileInfo>& files);

 private:
  /// How often a file may vanish between the listing of the folder and its opening, in one call.
  static constexpr int kVanishTries = 1000;

  /// A segment file that is open.
  struct OpenFile {
    std::unique_ptr<StoredFile> file{};
    HeadContent head{};
    std::uint64_t size = 0;
  };

  explicit JournalReader(Storage& storage) : storage_(&storage) {}

  int fail(int error, std::string what);
  int refresh();
  std::optional<std::uint64_t> listed_after(std::uint64_t first) const noexcept;
  bool is_listed(std::uint64_t first) const noexcept;

  // Opening files.
  int open_file(std::uint64_t first, OpenFile& file);
  int enter(std::uint64_t first);
  int enter_from(std::uint64_t first);
  int place();
  int find_bound();
  bool was_replaced();

  // Within the open file.
  int read_ahead(std::uint64_t offset, std::span<std::byte> to, std::size_t& count);
  int load_header(FrameHeader& header, bool& found);
  void pass(const FrameHeader& header) noexcept;
  int find_header(std::uint64_t& offset);
  int walk_to_time(std::int64_t ns);
  int walk_to_end(Extent& extent);

  // Pieces.
  std::optional<Piece> no_frame_here(std::uint64_t limit);
  Piece read_events(const FrameHeader& header, std::uint64_t limit, FrameBuffer& buffer);
  int read_body(const FrameHeader& header, FrameBuffer& buffer, bool& valid);
  Piece name(Stretch stretch, std::uint64_t last) noexcept;
  Piece failed() const noexcept;

  Storage* storage_;
  Description description_{};
  Failure failure_{};
  std::vector<std::uint64_t> firsts_{};  // of the segment files, as last listed

  OpenFile current_{};  // no file: the next call opens one
  std::uint64_t offset_ = 0;
  std::uint64_t position_ = 1;
  /// What numbers from `position_` up to the open file's predecessor are, should there be any.
  Stretch before_ = Stretch::removed;
  bool damage_before_ = false;  // bytes before `offset_` are damaged: numbers up to the next frame are named
  /// What the header of the next file says of the numbers before it; nothing: there is no next file.
  std::optional<std::uint64_t> bound_{};
  std::optional<std::uint64_t> searched_limit_{};  // of the last search behind bytes that are no frame

  std::vector<std::byte> ahead_{};
  std::uint64_t ahead_offset_ = 0;
  std::size_t ahead_size_ = 0;
  bool large_frames_ = false;  // the last frame was larger than what is read ahead
};

}  // namespace shmbus::journal
