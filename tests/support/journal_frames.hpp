#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "journal/description.hpp"
#include "journal/frame_buffer.hpp"
#include "journal/journal_reader.hpp"
#include "journal/journal_writer.hpp"
#include "journal/records.hpp"
#include "shmbus/detail/record_words.hpp"

namespace test {

/// A topic with time stamps, for tests of journals.
inline shmbus::journal::Description journal_description() {
  shmbus::journal::Description d;
  d.bus = "b";
  d.topic = "orders.created";
  d.topic_id = 0x1234;
  d.block_size = 65536;
  d.blocks = 4;
  d.record_header = 24;
  d.alignment = 8;
  d.timestamps = true;
  d.file_bytes = 65536;
  return d;
}

struct JournalEvent {
  std::uint64_t sequence = 0;
  std::int64_t time = 0;
  std::string payload{};

  bool operator==(const JournalEvent&) const = default;
};

/// Builds frames as a recorder does.
class JournalFrame {
 public:
  explicit JournalFrame(const shmbus::journal::Description& description = journal_description())
      : description_(description), buffer_(std::size_t{1} << 20) {}

  void add(const JournalEvent& event) {
    std::byte* to = buffer_.body() + used_;
    const std::size_t size = description_.record_header + event.payload.size();
    const std::size_t stride = (size + description_.alignment - 1) & ~std::size_t{description_.alignment - 1};
    std::memset(to, 0, stride);
    std::memcpy(to, &event.sequence, 8);
    const std::uint64_t meta = shmbus::layout::RecordMeta{static_cast<std::uint32_t>(size), 0, 0}.word();
    std::memcpy(to + 8, &meta, 8);
    if (description_.timestamps) std::memcpy(to + 16, &event.time, 8);
    std::memcpy(to + description_.record_header, event.payload.data(), event.payload.size());
    if (numbers_.events == 0) {
      numbers_.first = event.sequence;
      numbers_.first_time = numbers_.last_time = event.time;
    }
    numbers_.last = event.sequence;
    numbers_.last_time = std::max(numbers_.last_time, event.time);
    ++numbers_.events;
    used_ += stride;
  }

  const shmbus::journal::FrameNumbers& numbers() const { return numbers_; }
  std::size_t used() const { return used_; }
  std::span<std::byte> frame() { return buffer_.frame(used_); }

  int append_to(shmbus::journal::JournalWriter& writer) {
    const int error = writer.append(frame(), numbers_);
    clear();
    return error;
  }
  void clear() {
    numbers_ = {};
    used_ = 0;
  }

 private:
  shmbus::journal::Description description_;
  shmbus::journal::FrameBuffer buffer_;
  std::size_t used_ = 0;
  shmbus::journal::FrameNumbers numbers_;
};

/// An event whose payload is its number.
inline JournalEvent numbered(std::uint64_t sequence, std::int64_t time = 0) {
  return {sequence, time == 0 ? static_cast<std::int64_t>(1000 + sequence) : time, "event " + std::to_string(sequence)};
}

/// Appends events `first` to `last` as one frame.
inline int append_events(shmbus::journal::JournalWriter& writer, std::uint64_t first, std::uint64_t last) {
  JournalFrame frame;
  for (std::uint64_t n = first; n <= last; ++n) frame.add(numbered(n));
  return frame.append_to(writer);
}

/// What a reader finds from its place to the end, one text a piece: "events 1-3", "gap 4-9", "end".
inline std::vector<std::string> pieces(shmbus::journal::JournalReader& reader,
                                       std::uint64_t limit = shmbus::journal::JournalReader::kNoLimit,
                                       std::vector<JournalEvent>* events = nullptr) {
  using shmbus::journal::Stretch;
  std::vector<std::string> found;
  shmbus::journal::FrameBuffer buffer;
  for (;;) {
    const shmbus::journal::Piece piece = reader.next(limit, buffer);
    const char* names[] = {"events", "gap", "missing", "damaged", "removed", "end", "failed"};
    const std::string name = names[static_cast<int>(piece.stretch)];
    if (piece.stretch == Stretch::end) return found;
    if (piece.stretch == Stretch::failed) {
      found.push_back("failed: " + reader.failure().text());
      return found;
    }
    found.push_back(name + " " + std::to_string(piece.first) + "-" + std::to_string(piece.last));
    if (piece.stretch == Stretch::events && events != nullptr) {
      shmbus::journal::RecordWalk walk(piece.body, *piece.description);
      shmbus::journal::StoredRecord record;
      while (walk.next(record)) {
        events->push_back({record.sequence, record.time,
                           std::string(reinterpret_cast<const char*>(record.payload.data()), record.payload.size())});
      }
    }
  }
}

}  // namespace test
