// Each bit of a closed journal, flipped: it is noticed, and exactly the events that stood there are named.

#include <catch2/catch.hpp>

#include <algorithm>

#include "journal/file_names.hpp"
#include "journal/frame_scan.hpp"
#include "journal/journal_reader.hpp"
#include "journal/journal_writer.hpp"
#include "journal/numbers.hpp"
#include "journal/verification.hpp"
#include "support/journal_frames.hpp"
#include "support/memory_storage.hpp"

using namespace shmbus::journal;
using test::append_events;
using test::DiskImage;
using test::MemoryStorage;
using test::pieces;
using Pieces = std::vector<std::string>;

namespace {

struct Frame {
  std::uint64_t offset;
  std::uint64_t end;
  std::uint32_t flags;
  NumberRange numbers;  // of a frame without numbers: `last` is below `first`
};

/// A closed journal of two segment files, each with marks, and all kinds of frames in the second one.
struct Closed {
  DiskImage disk{};
  std::map<std::string, std::vector<Frame>> frames{};
  Pieces pieces{};

  Closed() {
    MemoryStorage storage;
    Numbers numbers;
    REQUIRE(numbers.open(storage) == 0);
    REQUIRE(numbers.reserve(100) == 0);
    auto writer = JournalWriter::open(storage, test::journal_description(), {.allocate = false});
    REQUIRE(append_events(*writer, 1, 2) == 0);
    REQUIRE(writer->sync() == 0);
    REQUIRE(writer->note_synced() == 0);
    REQUIRE(append_events(*writer, 3, 3) == 0);
    REQUIRE(writer->begin_new_file() == 0);
    REQUIRE(append_events(*writer, 4, 5) == 0);
    REQUIRE(writer->append_gap(6, 4) == 0);
    REQUIRE(append_events(*writer, 10, 10) == 0);
    REQUIRE(writer->append_missing(11, 3) == 0);
    REQUIRE(append_events(*writer, 14, 16) == 0);
    REQUIRE(writer->close() == 0);
    REQUIRE(numbers.close(17) == 0);
    disk = storage.image();
    pieces = test::pieces(*JournalReader::open(storage));
    for (const std::uint64_t first : {1, 4}) {
      std::unique_ptr<StoredFile> file;
      HeadContent head;
      REQUIRE(open_events(storage, first, Use::read, file, head) == 0);
      FrameScan scan(*file, head.seed, kFileHeader, disk.at(events_name(first)).size());
      while (scan.next() == FrameScan::Found::frame) {
        const FrameHeader& header = scan.header();
        frames[events_name(first)].push_back(
            {scan.offset(), scan.end(), header.flags, {header.first, header.first + header.numbers - 1}});
      }
    }
  }

  const Frame* frame_at(const std::string& name, std::uint64_t offset) const {
    const auto found = frames.find(name);
    if (found == frames.end()) return nullptr;
    for (const Frame& frame : found->second) {
      if (offset >= frame.offset && offset < frame.end) return &frame;
    }
    return nullptr;
  }
};

std::string range(const NumberRange& numbers) {
  return std::to_string(numbers.first) + "-" + std::to_string(numbers.last);
}

/// What a reader finds where one frame is damaged.
Pieces without(Pieces all, const Frame& frame) {
  for (std::string& piece : all) {
    if (piece.ends_with(" " + range(frame.numbers))) piece = "damaged " + range(frame.numbers);
  }
  return all;
}

}  // namespace

TEST_CASE("each flipped bit of a closed journal is found, and exactly its frame's events are named", "[journal]") {
  const Closed closed;
  REQUIRE(closed.pieces ==
          Pieces{"events 1-2", "events 3-3", "events 4-5", "gap 6-9", "events 10-10", "missing 11-13", "events 14-16"});
  std::size_t flips = 0;
  for (const auto& [name, bytes] : closed.disk) {
    CAPTURE(name);
    if (name == kNumbersName) continue;  // below
    for (std::size_t offset = 0; offset < bytes.size(); ++offset) {
      CAPTURE(offset);
      for (int bit = 0; bit < 8; ++bit) {
        MemoryStorage storage(closed.disk);
        {
          std::unique_ptr<StoredFile> file;
          REQUIRE(storage.open(name, Use::write, file) == 0);
          const std::byte flipped = bytes[offset] ^ std::byte{static_cast<unsigned char>(1 << bit)};
          REQUIRE(file->write(offset, std::span(&flipped, 1)) == 0);
        }
        ++flips;
        const Frame* frame = closed.frame_at(name, offset);
        Verification report;
        REQUIRE(verify(storage, report) == 0);
        const bool last_mark = frame != nullptr && frame->flags == kClosingFrame && name == events_name(4);
        if (frame == nullptr) {  // a header, an index, the topic's description: nothing is lost
          REQUIRE(report.whole());
          REQUIRE(report.closed);
          REQUIRE(report.remarks.size() == 1);
          REQUIRE(report.remarks[0].file == name);
        } else if (last_mark) {  // nothing says that it was synced; it names no event
          REQUIRE(report.whole());
          REQUIRE_FALSE(report.closed);
          REQUIRE(report.tail_bytes > 0);
        } else {
          REQUIRE(report.damage ==
                  std::vector<Damage>{{name, frame->offset, frame->numbers.first, frame->numbers.last}});
          REQUIRE(report.closed);
        }
        // Reading takes twice as long as verifying, and depends on the frame, not on the bit.
        if (bit != static_cast<int>(offset % 8)) continue;
        const Pieces expected = frame == nullptr ? closed.pieces : without(closed.pieces, *frame);
        REQUIRE(pieces(*JournalReader::open(storage)) == expected);
        if (name == events_name(4) && offset % 3 == 0) {
          // A writer that opens it loses nothing more, and a reader then still finds the same.
          auto writer = JournalWriter::open(storage, test::journal_description(), {.allocate = false});
          REQUIRE(writer->next_sequence() == 17);
          REQUIRE(writer->recovered().damage == report.damage);
          REQUIRE(append_events(*writer, 17, 17) == 0);
          Pieces more = expected;
          more.push_back("events 17-17");
          REQUIRE(pieces(*JournalReader::open(storage)) == more);
        }
      }
    }
  }
  CHECK(flips > 80000);
}

TEST_CASE("one flipped bit in the file of numbers takes nothing away", "[journal]") {
  const Closed closed;
  const auto& bytes = closed.disk.at(kNumbersName);
  REQUIRE(bytes.size() == kNumbersDistance + sizeof(NumbersSector));
  for (const std::uint64_t begin : {std::uint64_t{0}, kNumbersDistance}) {
    for (std::size_t i = 0; i < sizeof(NumbersSector) * 8; ++i) {
      CAPTURE(begin, i);
      MemoryStorage storage(closed.disk);
      const std::uint64_t offset = begin + i / 8;
      std::unique_ptr<StoredFile> file;
      REQUIRE(storage.open(kNumbersName, Use::write, file) == 0);
      const std::byte flipped = bytes[offset] ^ std::byte{static_cast<unsigned char>(1 << i % 8)};
      REQUIRE(file->write(offset, std::span(&flipped, 1)) == 0);
      Numbers numbers;
      REQUIRE(numbers.open(storage) == 0);
      REQUIRE(numbers.end() == 100);
      REQUIRE(numbers.next() == 17);
      unsigned good = 0;
      REQUIRE(Numbers::count_good_sectors(storage, good) == 0);
      REQUIRE(good == 1);
    }
  }
}
