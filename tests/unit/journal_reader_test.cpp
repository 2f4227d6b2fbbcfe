// Reading what a journal's writer wrote.

#include "journal/journal_reader.hpp"

#include <catch2/catch.hpp>

#include "journal/disk_storage.hpp"
#include "journal/file_names.hpp"
#include "support/journal_frames.hpp"
#include "support/temporary_folder.hpp"

using namespace shmbus::journal;
using test::append_events;
using test::pieces;
using Pieces = std::vector<std::string>;

namespace {

struct Folder {
  test::TemporaryFolder folder{};
  std::unique_ptr<DiskStorage> storage = DiskStorage::create(folder.file("journals"), {"b", "orders.created"}, {});
  Description description = test::journal_description();

  std::unique_ptr<JournalWriter> writer(WriterOptions options = {}) {
    return JournalWriter::open(*storage, description, options);
  }
  std::unique_ptr<JournalReader> reader() { return JournalReader::open(*storage); }
};

}  // namespace

TEST_CASE("a reader finds every event, gap and missing stretch in order", "[journal]") {
  Folder folder;
  auto writer = folder.writer();
  CHECK(writer->next_sequence() == 1);
  REQUIRE(append_events(*writer, 1, 3) == 0);
  REQUIRE(writer->append_gap(4, 6) == 0);
  REQUIRE(append_events(*writer, 10, 10) == 0);
  REQUIRE(writer->append_missing(11, 2) == 0);
  REQUIRE(append_events(*writer, 15, 20) == 0);  // 13 and 14 were aborted
  CHECK(writer->recorded() == 20);
  CHECK(writer->durable() == 0);
  REQUIRE(writer->sync() == 0);
  CHECK(writer->durable() == 20);
  auto reader = folder.reader();
  std::vector<test::JournalEvent> events;
  CHECK(pieces(*reader, JournalReader::kNoLimit, &events) ==
        Pieces{"events 1-3", "gap 4-9", "events 10-10", "missing 11-12", "events 15-20"});
  REQUIRE(events.size() == 10);
  CHECK(events[3] == test::numbered(10));
  CHECK(reader->description() == folder.description);
}

TEST_CASE("a reader goes no further than its limit", "[journal]") {
  Folder folder;
  auto writer = folder.writer();
  REQUIRE(append_events(*writer, 1, 3) == 0);
  REQUIRE(append_events(*writer, 4, 6) == 0);
  auto reader = folder.reader();
  CHECK(pieces(*reader, 5) == Pieces{"events 1-3"});
  CHECK(pieces(*reader, 6) == Pieces{"events 4-6"});
  REQUIRE(append_events(*writer, 7, 9) == 0);
  CHECK(pieces(*reader, 6).empty());
  CHECK(pieces(*reader, 9) == Pieces{"events 7-9"});
}

TEST_CASE("frames of all sizes are read in any order", "[journal]") {
  Folder folder;
  folder.description.file_bytes = 4 << 20;
  auto writer = folder.writer();
  std::vector<std::uint64_t> sizes;  // bytes of the events, each a frame
  for (const std::uint64_t one : {64u, 3000u, 5000u, 60'000u, 65'400u, 66'000u, 300'000u}) {
    for (const std::uint64_t other : {64u, 3000u, 5000u, 60'000u, 65'400u, 66'000u, 300'000u}) {
      sizes.push_back(one);
      sizes.push_back(other);
    }
  }
  Pieces expected;
  for (std::uint64_t n = 1; n <= sizes.size(); ++n) {
    test::JournalFrame frame(folder.description);
    frame.add({n, static_cast<std::int64_t>(n), std::string(sizes[n - 1], 'x')});
    REQUIRE(frame.append_to(*writer) == 0);
    expected.push_back("events " + std::to_string(n) + "-" + std::to_string(n));
  }
  CHECK(pieces(*folder.reader()) == expected);
  auto reader = folder.reader();
  for (std::uint64_t n = 1; n <= sizes.size(); n += 7) {
    REQUIRE(reader->seek_sequence(n) == 0);
    CHECK(pieces(*reader) == Pieces(expected.begin() + static_cast<std::ptrdiff_t>(n - 1), expected.end()));
    REQUIRE(reader->seek_time(static_cast<std::int64_t>(n)) == 0);
    CHECK(pieces(*reader) == Pieces(expected.begin() + static_cast<std::ptrdiff_t>(n - 1), expected.end()));
  }
}

TEST_CASE("a journal that was closed is continued in its last file", "[journal]") {
  Folder folder;
  auto writer = folder.writer();
  REQUIRE(append_events(*writer, 1, 3) == 0);
  REQUIRE(writer->close() == 0);
  writer = folder.writer();
  CHECK(writer->recovered().clean);
  CHECK(writer->next_sequence() == 4);
  CHECK(writer->durable() == 3);
  REQUIRE(append_events(*writer, 4, 4) == 0);
  CHECK(writer->files() == 1);
  CHECK(pieces(*folder.reader()) == Pieces{"events 1-3", "events 4-4"});
}

TEST_CASE("after an unclean end a new file begins", "[journal]") {
  Folder folder;
  auto writer = folder.writer();
  REQUIRE(append_events(*writer, 1, 3) == 0);
  writer.reset();
  writer = folder.writer();
  CHECK_FALSE(writer->recovered().clean);
  CHECK(writer->recovered().last == 3);
  REQUIRE(writer->append_gap(4, 96) == 0);
  REQUIRE(append_events(*writer, 100, 101) == 0);
  CHECK(writer->files() == 2);
  CHECK(pieces(*folder.reader()) == Pieces{"events 1-3", "gap 4-99", "events 100-101"});
}

TEST_CASE("files rotate, and a reader passes from one to the next", "[journal]") {
  Folder folder;
  auto writer = folder.writer({.file_bytes = 8192});
  Pieces expected;
  for (std::uint64_t n = 1; n <= 1000; n += 10) {
    REQUIRE(append_events(*writer, n, n + 9) == 0);
    expected.push_back("events " + std::to_string(n) + "-" + std::to_string(n + 9));
  }
  CHECK(writer->files() > 5);
  CHECK(pieces(*folder.reader()) == expected);
  REQUIRE(writer->close() == 0);
  CHECK(pieces(*folder.reader()) == expected);

  auto reader = folder.reader();
  for (std::uint64_t n : {1u, 10u, 11u, 500u, 555u, 991u, 1000u}) {
    REQUIRE(reader->seek_sequence(n) == 0);
    const std::uint64_t first = (n - 1) / 10 * 10 + 1;
    CHECK(pieces(*reader).front() == "events " + std::to_string(first) + "-" + std::to_string(first + 9));
    REQUIRE(reader->seek_time(static_cast<std::int64_t>(1000 + n)) == 0);
    CHECK(pieces(*reader).front() == "events " + std::to_string(first) + "-" + std::to_string(first + 9));
  }
  REQUIRE(reader->seek_time(5000) == 0);
  CHECK(pieces(*reader).empty());
  CHECK(reader->position() == 1001);
}

TEST_CASE("seeking finds a number and a time with an index, without one and with a damaged one", "[journal]") {
  Folder folder;
  std::uint64_t written = 0;
  {
    auto writer = folder.writer({.file_bytes = 32768, .index_spacing = 512});
    while (written < 3000) {
      REQUIRE(append_events(*writer, written + 1, written + 5) == 0);
      written += 5;
    }
    REQUIRE(writer->close() == 0);
  }
  const auto check_all = [&] {
    auto reader = folder.reader();
    FrameBuffer buffer;
    for (std::uint64_t n = 1; n <= written; n += 37) {
      REQUIRE(reader->seek_sequence(n) == 0);
      const Piece by_number = reader->next(JournalReader::kNoLimit, buffer);
      REQUIRE(by_number.stretch == Stretch::events);
      REQUIRE((by_number.first <= n && n <= by_number.last));
      REQUIRE(reader->seek_time(static_cast<std::int64_t>(1000 + n)) == 0);
      const Piece by_time = reader->next(JournalReader::kNoLimit, buffer);
      REQUIRE(by_time.first == by_number.first);
    }
  };
  check_all();
  std::vector<std::uint64_t> firsts;
  REQUIRE(list_events(*folder.storage, firsts) == 0);
  REQUIRE(firsts.size() > 3);
  std::unique_ptr<StoredFile> file;
  REQUIRE(folder.storage->open(index_name(firsts[1]), Use::write, file) == 0);
  const std::byte wrong{0xee};
  REQUIRE(file->write(100, std::span(&wrong, 1)) == 0);
  REQUIRE(folder.storage->unlink(index_name(firsts[2])) == 0);
  check_all();
}

TEST_CASE("a time is found in the order of numbers, also where the clock went back", "[journal]") {
  Folder folder;
  auto writer = folder.writer({.file_bytes = 8192, .index_spacing = 1});
  const std::int64_t times[] = {100, 200, 900, 300, 400, 1000, 500};
  std::uint64_t number = 0;
  for (const std::int64_t time : times) {
    test::JournalFrame frame;
    frame.add({++number, time, std::string(3000, 'x')});
    REQUIRE(frame.append_to(*writer) == 0);
  }
  auto reader = folder.reader();
  const auto first_from = [&](std::int64_t ns) {
    FrameBuffer buffer;
    REQUIRE(reader->seek_time(ns) == 0);
    return reader->next(JournalReader::kNoLimit, buffer).first;
  };
  CHECK(first_from(INT64_MIN) == 1);
  CHECK(first_from(100) == 1);
  CHECK(first_from(101) == 2);
  CHECK(first_from(201) == 3);
  CHECK(first_from(350) == 3);
  CHECK(first_from(900) == 3);
  CHECK(first_from(901) == 6);
  CHECK(first_from(1001) == 0);
  CHECK(reader->position() == 8);
  REQUIRE(writer->close() == 0);
  CHECK(first_from(901) == 6);
}

TEST_CASE("the extent and the files of a journal", "[journal]") {
  Folder folder;
  auto writer = folder.writer();
  auto reader = folder.reader();
  Extent extent;
  REQUIRE(reader->extent(extent) == 0);
  CHECK(extent.first == 0);
  REQUIRE(append_events(*writer, 5, 9) == 0);
  REQUIRE(writer->begin_new_file() == 0);
  REQUIRE(append_events(*writer, 10, 12) == 0);
  REQUIRE(writer->append_gap(13, 3) == 0);
  REQUIRE(reader->extent(extent) == 0);
  CHECK(extent.first == 5);
  CHECK(extent.last == 15);
  CHECK(extent.first_time == 1005);
  CHECK(extent.last_time == 1012);
  std::vector<FileInfo> files;
  REQUIRE(reader->files(files) == 0);
  REQUIRE(files.size() == 2);
  CHECK(files[0].first == 5);
  CHECK(files[0].last == 9);
  CHECK(files[0].last_time == 1009);
  CHECK(files[0].closed);
  CHECK(files[1].last == 15);
  CHECK_FALSE(files[1].closed);
}

TEST_CASE("a reader follows a file that was given up to the one that replaced it", "[journal]") {
  Folder folder;
  auto writer = folder.writer();
  REQUIRE(append_events(*writer, 1, 2) == 0);
  REQUIRE(writer->sync() == 0);
  auto reader = folder.reader();
  CHECK(pieces(*reader, 2) == Pieces{"events 1-2"});
  // As after a failed sync: the next file has the same name, since no frame of the old one counts.
  folder.storage->unlink(index_name(1));
  std::unique_ptr<StoredFile> file;
  HeadContent head;
  REQUIRE(open_events(*folder.storage, 1, Use::read, file, head) == 0);
  head.seed ^= 1;
  REQUIRE(folder.storage->create("events.new", file) == 0);
  REQUIRE(write_head(*file, kEventsMagic, head) == 0);
  REQUIRE(folder.storage->rename("events.new", events_name(1)) == 0);
  auto again = folder.writer();
  CHECK(again->next_sequence() == 1);
  REQUIRE(append_events(*again, 1, 3) == 0);
  REQUIRE(append_events(*again, 4, 5) == 0);
  // It gets each number once; the frame that holds the next one holds earlier ones too.
  CHECK(pieces(*reader, 5) == Pieces{"events 1-3", "events 4-5"});
  CHECK(reader->position() == 6);
}

TEST_CASE("an empty folder is no journal, and one without events is an empty one", "[journal]") {
  Folder folder;
  try {
    folder.reader();
    FAIL("it was opened");
  } catch (const shmbus::Error& error) {
    CHECK(error.code() == shmbus::ErrorCode::not_found);
  }
  auto writer = folder.writer();
  auto reader = folder.reader();
  CHECK(pieces(*reader).empty());
  REQUIRE(append_events(*writer, 7, 8) == 0);
  CHECK(pieces(*reader) == Pieces{"events 7-8"});
}
