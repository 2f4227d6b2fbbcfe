// Reading what a journal's writer wrote.

#include "journal/journal_reader.hpp"

#include <catch2/catch.hpp>

#include "journal/disk_storage.hpp"
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
