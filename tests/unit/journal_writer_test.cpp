// What a journal's writer writes, when, and what it refuses.

#include "journal/journal_writer.hpp"

#include <catch2/catch.hpp>

#include <cerrno>

#include "journal/checksum.hpp"
#include "journal/file_names.hpp"
#include "journal/frame_scan.hpp"
#include "journal/journal_reader.hpp"
#include "support/journal_frames.hpp"
#include "support/memory_storage.hpp"

using namespace shmbus::journal;
using test::append_events;
using test::MemoryStorage;
using test::pieces;
using Pieces = std::vector<std::string>;

namespace {

std::unique_ptr<JournalWriter> writer_of(Storage& storage, WriterOptions options = {}) {
  return JournalWriter::open(storage, test::journal_description(), options);
}

std::vector<FrameHeader> frames_of(Storage& storage, std::uint64_t first) {
  std::unique_ptr<StoredFile> file;
  HeadContent head;
  REQUIRE(open_events(storage, first, Use::read, file, head) == 0);
  std::uint64_t size = 0;
  REQUIRE(file->size(size) == 0);
  FrameScan scan(*file, head.seed, kFileHeader, size);
  std::vector<FrameHeader> frames;
  while (scan.next() == FrameScan::Found::frame) frames.push_back(scan.header());
  return frames;
}

/// Ten files of fifty events each, from 1 on.
void fill(JournalWriter& writer) {
  for (std::uint64_t n = 1; n <= 500; n += 50) {
    REQUIRE(append_events(writer, n, n + 49) == 0);
    if (n < 451) REQUIRE(writer.begin_new_file() == 0);
  }
}

}  // namespace

TEST_CASE("a writer refuses numbers that do not fit, and goes on", "[journal]") {
  MemoryStorage storage;
  auto writer = writer_of(storage);
  REQUIRE(append_events(*writer, 5, 9) == 0);
  CHECK(append_events(*writer, 9, 12) == EINVAL);
  CHECK(writer->append_gap(9, 1) == EINVAL);
  CHECK(writer->append_gap(10, 0) == EINVAL);
  CHECK(writer->append_missing(10, kNumberLimit) == EINVAL);
  FrameBuffer buffer(64);
  CHECK(writer->append(buffer.frame(0), {1, 10, 10, 0, 0}) == EINVAL);
  CHECK(writer->append(buffer.frame(20), {1, 10, 10, 0, 0}) == EINVAL);
  CHECK(writer->append(buffer.frame(64), {0, 10, 10, 0, 0}) == EINVAL);
  CHECK(writer->append(buffer.frame(64), {2, 10, 10, 0, 0}) == EINVAL);
  CHECK(writer->append(buffer.frame(64), {1, 10, 9, 0, 0}) == EINVAL);
  CHECK(writer->recorded() == 9);
  CHECK_FALSE(writer->failure());
  REQUIRE(append_events(*writer, 10, 10) == 0);
  CHECK(pieces(*JournalReader::open(storage)) == Pieces{"events 5-9", "events 10-10"});
}

TEST_CASE("a description outside its ranges opens no journal", "[journal]") {
  MemoryStorage storage;
  Description description = test::journal_description();
  description.alignment = 3;
  CHECK_THROWS_AS(JournalWriter::open(storage, description), shmbus::Error);
  CHECK(storage.image().empty());
}

TEST_CASE("a segment file is preallocated, and cut to its end when it is closed", "[journal]") {
  MemoryStorage storage;
  auto writer = writer_of(storage);
  CHECK(storage.image().size() == 1);  // the first append creates it
  REQUIRE(append_events(*writer, 1, 2) == 0);
  CHECK(storage.image().at(events_name(1)).size() == 65536);
  CHECK(writer->bytes() < 5000);
  REQUIRE(writer->close() == 0);
  CHECK(storage.image().at(events_name(1)).size() == writer->bytes());
  CHECK(storage.image().contains(index_name(1)));
  CHECK(append_events(*writer, 3, 3) == EBADF);
  CHECK(writer->close() == 0);
}

TEST_CASE("where the file system can't preallocate, the file grows as it is written", "[journal]") {
  MemoryStorage disk;
  test::FaultyStorage storage(disk);
  auto writer = writer_of(storage);
  // Removing an old fresh file, creating, writing the header; then it allocates.
  storage.fail(storage.operations() + 3, storage.operations() + 3, EOPNOTSUPP);
  REQUIRE(append_events(*writer, 1, 2) == 0);
  CHECK(storage.failed() == 1);
  CHECK(disk.image().at(events_name(1)).size() == writer->bytes());
}

TEST_CASE("each frame says what was synced when it was built, and a note says the rest, once", "[journal]") {
  MemoryStorage storage;
  auto writer = writer_of(storage);
  REQUIRE(append_events(*writer, 1, 2) == 0);
  CHECK(writer->note_synced() == 0);  // nothing was
  REQUIRE(writer->sync() == 0);
  REQUIRE(append_events(*writer, 3, 4) == 0);
  CHECK(writer->note_synced() == 0);  // the last frame said it
  REQUIRE(writer->sync() == 0);
  for (int i = 0; i < 3; ++i) {
    CHECK(writer->note_synced() == 0);
    CHECK(writer->sync() == 0);
  }
  const auto frames = frames_of(storage, 1);
  REQUIRE(frames.size() == 3);
  CHECK(frames[0].synced == kFileHeader);
  CHECK(frames[1].synced == kFileHeader + frames[0].size());
  CHECK(frames[2].flags == kMarkFrame);
  CHECK(frames[2].synced == kFileHeader + frames[0].size() + frames[1].size());
  CHECK(frames[2].first == 5);
}

TEST_CASE("a closed file ends with a closing frame that says all before it was synced", "[journal]") {
  MemoryStorage storage;
  auto writer = writer_of(storage);
  REQUIRE(append_events(*writer, 1, 2) == 0);
  REQUIRE(writer->close() == 0);
  const auto frames = frames_of(storage, 1);
  REQUIRE(frames.size() == 2);
  CHECK(frames[1].flags == kClosingFrame);
  CHECK(frames[1].synced == kFileHeader + frames[0].size());
  // Opening and closing it again writes nothing.
  const auto image = storage.image();
  writer = writer_of(storage);
  REQUIRE(writer->close() == 0);
  CHECK(storage.image() == image);
}

TEST_CASE("a topic that was made anew in another form goes on in a new file", "[journal]") {
  MemoryStorage storage;
  REQUIRE(append_events(*writer_of(storage), 1, 2) == 0);
  {
    auto writer = writer_of(storage);
    REQUIRE(append_events(*writer, 3, 3) == 0);
    REQUIRE(writer->close() == 0);
  }
  Description other = test::journal_description();
  other.alignment = 64;
  other.record_header = 64;
  {
    auto writer = JournalWriter::open(storage, other);
    CHECK(writer->recovered().clean);
    test::JournalFrame frame(other);
    frame.add(test::numbered(4));
    REQUIRE(frame.append_to(*writer) == 0);
    CHECK(writer->files() == 3);
  }
  auto reader = JournalReader::open(storage);
  CHECK(reader->description() == other);
  std::vector<test::JournalEvent> events;
  CHECK(pieces(*reader, JournalReader::kNoLimit, &events) == Pieces{"events 1-2", "events 3-3", "events 4-4"});
  CHECK(events.back() == test::numbered(4));
}

TEST_CASE("bodies stand at a multiple of 256 in memory", "[journal]") {
  MemoryStorage storage;
  auto writer = writer_of(storage);
  FrameBuffer buffer;
  for (std::uint64_t n = 1; n < 40; ++n) REQUIRE(append_events(*writer, n, n) == 0);
  auto reader = JournalReader::open(storage);
  for (std::uint64_t n = 1; n < 40; ++n) {
    const Piece piece = reader->next(100, buffer);
    REQUIRE(piece.first == n);
    CHECK(reinterpret_cast<std::uintptr_t>(piece.body.data()) % 256 == 0);
  }
}

TEST_CASE("retention by bytes removes the oldest files, and never the last", "[journal]") {
  MemoryStorage storage;
  auto writer = writer_of(storage);
  fill(*writer);
  const std::uint64_t each = writer->bytes() / 10;
  Removed removed;
  REQUIRE(writer->retain({.bytes = 4 * each + each / 2}, 0, removed) == 0);
  CHECK(removed.files == 6);
  CHECK(removed.last == 300);
  CHECK(writer->first_held() == 301);
  CHECK(writer->files() == 4);
  CHECK_FALSE(storage.image().contains(index_name(1)));
  CHECK(pieces(*JournalReader::open(storage)).front() == "events 301-350");
  REQUIRE(writer->retain({.bytes = 1}, 0, removed) == 0);
  CHECK(writer->files() == 1);
  REQUIRE(writer->retain({}, INT64_MAX, removed) == 0);
  CHECK(removed.files == 0);
}

TEST_CASE("retention by age removes files whose newest event is older", "[journal]") {
  MemoryStorage storage;
  auto writer = writer_of(storage);
  fill(*writer);  // the event n has the time 1000 + n
  Removed removed;
  REQUIRE(writer->retain({.age_ns = 1000}, 2150, removed) == 0);
  CHECK(removed.last == 100);  // the event 150 is exactly as old as allowed
  REQUIRE(writer->retain({.age_ns = 1000}, 2151, removed) == 0);
  CHECK(removed.last == 150);
}

TEST_CASE("retention by age keeps a file where the header behind it is damaged, and the next one says how old it is",
          "[journal]") {
  MemoryStorage storage;
  auto writer = writer_of(storage);
  fill(*writer);  // the event n has the time 1000 + n
  const auto damage = [&](std::uint64_t first) {
    std::unique_ptr<StoredFile> file;
    REQUIRE(storage.open(events_name(first), Use::write, file) == 0);
    REQUIRE(file->write(0, std::vector<std::byte>(kFileHeader)) == 0);
  };
  damage(51);
  Removed removed;
  REQUIRE(writer->retain({.age_ns = 1000}, 2001, removed) == 0);
  CHECK(removed.files == 0);
  REQUIRE(writer->retain({.age_ns = 1000}, 2100, removed) == 0);
  CHECK(removed.files == 0);  // the header of 101 speaks of the event 100, which is exactly as old as allowed
  REQUIRE(writer->retain({.age_ns = 1000}, 2101, removed) == 0);
  CHECK(removed.last == 100);
  for (std::uint64_t first = 151; first < 500; first += 50) damage(first);
  REQUIRE(writer->retain({.age_ns = 1000}, INT64_MAX, removed) == 0);
  CHECK(removed.last == 150);  // its age was known before; nothing says how old the others are
}

TEST_CASE("retention leaves what is not acknowledged", "[journal]") {
  MemoryStorage storage;
  auto writer = writer_of(storage);
  fill(*writer);
  Removed removed;
  REQUIRE(writer->retain({.bytes = 1, .acknowledged = 0}, 0, removed) == 0);
  CHECK(removed.files == 0);
  REQUIRE(writer->retain({.bytes = 1, .acknowledged = 99}, 0, removed) == 0);
  CHECK(removed.last == 50);
  REQUIRE(writer->retain({.bytes = 1, .acknowledged = 100}, 0, removed) == 0);
  CHECK(removed.last == 100);
}

TEST_CASE("a reader learns what retention took from under it", "[journal]") {
  MemoryStorage storage;
  auto writer = writer_of(storage);
  fill(*writer);
  auto reader = JournalReader::open(storage);
  FrameBuffer buffer;
  CHECK(reader->next(500, buffer).last == 50);
  Removed removed;
  REQUIRE(writer->retain({.bytes = 1, .acknowledged = 200}, 0, removed) == 0);
  Pieces found = pieces(*reader);
  CHECK(found[0] == "removed 51-200");
  CHECK(found[1] == "events 201-250");
  REQUIRE(reader->seek_sequence(17) == 0);
  found = pieces(*reader, 220);
  CHECK(found == Pieces{"removed 17-200"});  // the frame behind it reaches beyond the limit
  REQUIRE(reader->seek_sequence(17) == 0);
  CHECK(pieces(*reader, 100) == Pieces{"removed 17-100"});
  CHECK(pieces(*reader, 250) == Pieces{"removed 101-200", "events 201-250"});
}

TEST_CASE("in the page cache's mode a file that is full is not synced, until the journal is closed", "[journal]") {
  test::RecordingStorage storage;
  Description description = test::journal_description();
  description.sync = SyncKind::page_cache;
  auto writer = JournalWriter::open(storage, description);
  fill(*writer);
  CHECK(writer->recorded() == 500);
  CHECK(writer->durable() == 0);
  REQUIRE(writer->sync() == 0);
  CHECK(writer->durable() == 500);
  REQUIRE(writer->close() == 0);
  std::mt19937_64 random(1);
  MemoryStorage after(storage.disk_after(storage.operations(), test::Survives::none, random));
  CHECK(pieces(*JournalReader::open(after)).size() == 10);
}

TEST_CASE("what a killed recorder left in the page cache is durable once the next one has opened it", "[journal]") {
  test::RecordingStorage storage;
  Description description = test::journal_description();
  description.sync = SyncKind::page_cache;
  fill(*JournalWriter::open(storage, description));
  auto writer = JournalWriter::open(storage, description);
  CHECK(writer->durable() == 500);
  std::mt19937_64 random(1);
  MemoryStorage after(storage.disk_after(storage.operations(), test::Survives::none, random));
  CHECK(pieces(*JournalReader::open(after)).size() == 10);
}

TEST_CASE("files that were being prepared when the power failed are removed", "[journal]") {
  MemoryStorage storage(test::DiskImage{{"events.new", {}}, {"topic.new", test::Bytes(10)}, {"lock", {}}});
  auto writer = writer_of(storage);
  CHECK(storage.image().size() == 2);
  CHECK(storage.image().contains("lock"));
  CHECK(storage.image().contains("topic"));
}

TEST_CASE("a file of another version is left alone", "[journal]") {
  MemoryStorage storage;
  REQUIRE(append_events(*writer_of(storage), 1, 2) == 0);
  auto image = storage.image();
  for (const std::string& name : {kTopicName, events_name(1)}) {
    auto changed = image;
    for (std::size_t copy = 0; copy < 2; ++copy) {
      FileHead head;
      std::byte* at = changed.at(name).data() + copy * sizeof head;
      std::memcpy(&head, at, sizeof head);
      head.version = kJournalVersion + 1;
      head.checksum = checksum(std::as_bytes(std::span(&head, 1)).first<offsetof(FileHead, checksum)>(), 0);
      std::memcpy(at, &head, sizeof head);
    }
    MemoryStorage newer(changed);
    try {
      writer_of(newer);
      FAIL("it was opened");
    } catch (const shmbus::Error& error) {
      CHECK(error.code() == shmbus::ErrorCode::incompatible);
    }
    CHECK(newer.image().at(name) == changed.at(name));
    if (name == kTopicName) CHECK_THROWS_AS(JournalReader::open(newer), shmbus::Error);
  }
}
