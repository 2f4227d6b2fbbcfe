// Where the last events of a journal begin, where its numbers have gaps.

#include "journal/last_events.hpp"

#include <catch2/catch.hpp>

#include "journal/disk_storage.hpp"
#include "support/journal_frames.hpp"
#include "support/temporary_folder.hpp"

using namespace shmbus::journal;
using test::append_events;

namespace {

struct Folder {
  test::TemporaryFolder folder{};
  std::unique_ptr<DiskStorage> storage = DiskStorage::create(folder.file("journals"), {"b", "orders.created"}, {});
  Description description = test::journal_description();

  std::unique_ptr<JournalWriter> writer(WriterOptions options = {}) {
    return JournalWriter::open(*storage, description, options);
  }
  /// Where the last `count` events below `before` begin.
  std::uint64_t last(std::uint64_t before, std::uint64_t count) {
    const auto reader = JournalReader::open(*storage);
    std::uint64_t first = 0;
    REQUIRE(find_last_events(*reader, before, count, first) == 0);
    return first;
  }
};

}  // namespace

TEST_CASE("the last events of a journal are counted without gaps and missing stretches", "[journal]") {
  Folder folder;
  auto writer = folder.writer();
  REQUIRE(append_events(*writer, 1, 5) == 0);
  REQUIRE(writer->append_gap(6, 94) == 0);
  REQUIRE(append_events(*writer, 100, 102) == 0);
  REQUIRE(writer->append_missing(103, 10) == 0);
  REQUIRE(append_events(*writer, 113, 114) == 0);
  REQUIRE(writer->append_gap(115, 885) == 0);
  CHECK(folder.last(1000, 1) == 114);
  CHECK(folder.last(1000, 2) == 113);
  CHECK(folder.last(1000, 3) == 102);
  CHECK(folder.last(1000, 5) == 100);
  CHECK(folder.last(1000, 6) == 5);
  CHECK(folder.last(1000, 10) == 1);
  CHECK(folder.last(1000, 1'000'000) == 1);
  CHECK(folder.last(1000, 0) == 1000);
  CHECK(folder.last(114, 2) == 102);
  CHECK(folder.last(102, 1) == 101);
  CHECK(folder.last(3, 1) == 2);
  CHECK(folder.last(1, 4) == 1);
}

TEST_CASE("the last events of a journal are found over several files", "[journal]") {
  Folder folder;
  for (std::uint64_t first = 1; first <= 401; first += 100) {
    auto writer = folder.writer();  // each begins a file, since the one before was not closed
    REQUIRE(append_events(*writer, first, first + 9) == 0);
    REQUIRE(writer->append_gap(first + 10, 90) == 0);
  }
  CHECK(folder.last(501, 10) == 401);
  CHECK(folder.last(501, 11) == 310);
  CHECK(folder.last(501, 35) == 106);
  CHECK(folder.last(501, 50) == 1);
  CHECK(folder.last(501, 51) == 1);
}
