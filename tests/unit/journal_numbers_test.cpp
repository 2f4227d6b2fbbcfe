// Numbers are reserved on disk before they are used.

#include "journal/numbers.hpp"

#include <catch2/catch.hpp>

#include <cerrno>

#include "journal/file_layout.hpp"
#include "journal/journal_writer.hpp"
#include "support/journal_frames.hpp"
#include "support/memory_storage.hpp"

using namespace shmbus::journal;
using test::MemoryStorage;

TEST_CASE("a new journal has given no number", "[journal]") {
  MemoryStorage storage;
  Numbers numbers;
  REQUIRE(numbers.open(storage) == 0);
  CHECK(numbers.end() == 0);
  CHECK(numbers.next() == 0);
  CHECK(storage.image().empty());
}

TEST_CASE("after an unclean end numbering goes on at the reserved end", "[journal]") {
  MemoryStorage storage;
  Numbers numbers;
  REQUIRE(numbers.open(storage) == 0);
  REQUIRE(numbers.reserve(1000) == 0);
  REQUIRE(numbers.reserve(2000) == 0);
  REQUIRE(numbers.reserve(1500) == 0);  // never lower
  CHECK(numbers.end() == 2000);
  Numbers again;
  REQUIRE(again.open(storage) == 0);
  CHECK(again.end() == 2000);
  CHECK(again.next() == 0);
}

TEST_CASE("after a clean end numbering goes on where it stood, once", "[journal]") {
  MemoryStorage storage;
  Numbers numbers;
  REQUIRE(numbers.open(storage) == 0);
  REQUIRE(numbers.reserve(1000) == 0);
  REQUIRE(numbers.close(57) == 0);
  Numbers again;
  REQUIRE(again.open(storage) == 0);
  CHECK(again.next() == 57);
  CHECK(again.end() == 1000);
  REQUIRE(again.reserve(1000) == 0);
  Numbers crashed;
  REQUIRE(crashed.open(storage) == 0);
  CHECK(crashed.next() == 0);
  CHECK(crashed.end() == 1000);
}

TEST_CASE("a number beyond the end, or of no event, is no clean end", "[journal]") {
  MemoryStorage storage;
  Numbers numbers;
  CHECK(numbers.reserve(1000) == EBADF);  // not open
  REQUIRE(numbers.open(storage) == 0);
  REQUIRE(numbers.reserve(1000) == 0);
  CHECK(numbers.close(0) == EINVAL);
  CHECK(numbers.close(1001) == EINVAL);
  CHECK(numbers.close(1000) == 0);
  CHECK(numbers.reserve(kNumberLimit + 1) == EOVERFLOW);
}

TEST_CASE("without its file, or with a damaged one, a journal gives no numbers", "[journal]") {
  MemoryStorage storage;
  {
    auto writer = JournalWriter::open(storage, test::journal_description());
    REQUIRE(test::append_events(*writer, 1, 3) == 0);
  }
  Numbers numbers;
  CHECK(numbers.open(storage) == EBADMSG);  // segment files are there
  test::DiskImage image = storage.image();
  image["numbers"] = test::Bytes(kNumbersDistance + sizeof(NumbersSector));
  MemoryStorage zeros(image);
  CHECK(numbers.open(zeros) == EBADMSG);
}

TEST_CASE("a reservation counts only when it was written, and then survives a torn write of the next", "[journal]") {
  for (std::size_t broken = 0; broken < 4; ++broken) {
    CAPTURE(broken);
    MemoryStorage disk;
    Numbers numbers;
    REQUIRE(numbers.open(disk) == 0);
    REQUIRE(numbers.reserve(1000) == 0);
    test::FaultyStorage storage(disk);
    Numbers failing;
    REQUIRE(failing.open(storage) == 0);
    storage.fail(storage.operations() + broken, storage.operations() + broken, EIO);
    CHECK(failing.reserve(2000) == EIO);
    CHECK(failing.end() == 1000);
    Numbers after;
    REQUIRE(after.open(disk) == 0);
    CHECK(after.end() >= 1000);
    CHECK(after.next() == 0);
    REQUIRE(failing.reserve(3000) == 0);
    REQUIRE(after.open(disk) == 0);
    CHECK(after.end() == 3000);
  }
}
