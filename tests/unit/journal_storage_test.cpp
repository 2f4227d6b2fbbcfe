// The folder of a journal on disk.

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <thread>

#include "journal/disk_storage.hpp"
#include "journal/journal_reader.hpp"
#include "journal/journal_writer.hpp"
#include "support/journal_frames.hpp"
#include "support/privileges.hpp"
#include "support/temporary_folder.hpp"

using namespace shmbus;
using namespace shmbus::journal;

namespace {

unsigned mode_of(const std::string& path) {
  struct stat s {};
  REQUIRE(::lstat(path.c_str(), &s) == 0);
  return s.st_mode & 07777;
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

TEST_CASE("folders and files get exactly the mode that the topic's gives", "[journal]") {
  test::TemporaryFolder folder;
  const unsigned umask = ::umask(0077);
  const auto storage = DiskStorage::create(folder.file("a/b"), {"bus", "topic"}, {.mode = 0664});
  std::unique_ptr<StoredFile> file;
  REQUIRE(storage->create("numbers", file) == 0);
  ::umask(umask);
  CHECK(mode_of(folder.file("a/b/bus")) == 0755);
  CHECK(mode_of(folder.file("a/b/bus/topic")) == 0755);
  CHECK(mode_of(folder.file("a/b/bus/topic/numbers")) == 0644);  // only the owner writes
  const auto own = DiskStorage::create(folder.file("a/b"), {"bus", "own"}, {.mode = 0600});
  REQUIRE(own->create("numbers", file) == 0);
  CHECK(mode_of(folder.file("a/b/bus/own")) == 0700);
  CHECK(mode_of(folder.file("a/b/bus/own/numbers")) == 0600);
  CHECK(own->path() == folder.file("a/b/bus/own"));
}

TEST_CASE("a folder that is not there is nothing, or is created", "[journal]") {
  test::TemporaryFolder folder;
  CHECK(DiskStorage::open(folder.file("a"), {"bus"}, {}) == nullptr);
  CHECK(DiskStorage::create(folder.file("a"), {"bus"}, {}) != nullptr);
  CHECK(DiskStorage::open(folder.file("a"), {"bus"}, {}) != nullptr);
  CHECK(DiskStorage::open(folder.file("a"), {"bus", "topic"}, {}) == nullptr);
  CHECK_THROWS_AS(DiskStorage::create(folder.file("a"), {".."}, {}), Error);
  CHECK_THROWS_AS(DiskStorage::create(folder.file("a"), {"x/y"}, {}), Error);
}

TEST_CASE("room that was never written is known without reading it", "[journal]") {
  test::TemporaryFolder folder;
  const auto storage = DiskStorage::create(folder.file("journals"), {"bus"}, {});
  std::unique_ptr<StoredFile> file;
  REQUIRE(storage->create("file", file) == 0);
  std::uint64_t end = 1;
  REQUIRE(file->data_end(0, end) == 0);
  CHECK(end == 0);
  REQUIRE(file->write(0, bytes_of("head")) == 0);
  if (file->allocate(1 << 20) != 0) REQUIRE(file->truncate(1 << 20) == 0);
  REQUIRE(file->write(100'000, bytes_of("text")) == 0);
  REQUIRE(file->data_end(0, end) == 0);
  CHECK(end >= 100'004);
  CHECK(end < 1 << 20);  // true of all file systems that these tests run on
  REQUIRE(file->data_end(500'000, end) == 0);
  CHECK(end >= 500'000);
  CHECK(end < 1 << 20);
  REQUIRE(file->data_end(2 << 20, end) == 0);
  CHECK(end == 2 << 20);
  REQUIRE(file->write((1 << 20) - 4, bytes_of("text")) == 0);
  REQUIRE(file->data_end(0, end) == 0);
  CHECK(end == 1 << 20);
}

TEST_CASE("a file in more pieces than are looked at is data to its end", "[journal]") {
  test::TemporaryFolder folder;
  const auto storage = DiskStorage::create(folder.file("journals"), {"bus"}, {});
  std::unique_ptr<StoredFile> file;
  REQUIRE(storage->create("file", file) == 0);
  constexpr std::uint64_t kPieces = 1200, kDistance = 64 << 10;
  for (std::uint64_t i = 0; i < kPieces; ++i) REQUIRE(file->write(i * kDistance, bytes_of("text")) == 0);
  REQUIRE(file->truncate(2 * kPieces * kDistance) == 0);
  std::uint64_t end = 0;
  REQUIRE(file->data_end(0, end) == 0);
  CHECK(end == 2 * kPieces * kDistance);
  REQUIRE(file->data_end((kPieces - 10) * kDistance, end) == 0);
  CHECK(end < kPieces * kDistance);
}

TEST_CASE("no symbolic link is followed, and no other thing taken for a file", "[journal]") {
  test::TemporaryFolder folder;
  const auto storage = DiskStorage::create(folder.file("journals"), {"bus"}, {});
  const std::string inside = folder.file("journals/bus/");
  folder.write("elsewhere", "text");
  std::filesystem::create_symlink(folder.file("elsewhere"), inside + "link");
  std::filesystem::create_directory(inside + "folder");
  REQUIRE(::mkfifo((inside + "pipe").c_str(), 0600) == 0);
  std::unique_ptr<StoredFile> file;
  for (const Use use : {Use::read, Use::write}) {
    CHECK(storage->open("link", use, file) == EPERM);
    CHECK(storage->open("pipe", use, file) == EPERM);
    CHECK(storage->open("../bus/link", use, file) == EINVAL);
    CHECK(storage->open("none", use, file) == ENOENT);
  }
  CHECK(storage->open("folder", Use::read, file) == EPERM);
  CHECK(storage->create("link", file) == EEXIST);
  CHECK(storage->create("..", file) == EINVAL);
  CHECK(storage->rename("link", "x/y") == EINVAL);
  CHECK(storage->unlink("a/b") == EINVAL);
  std::filesystem::create_directory_symlink(folder.file("journals"), folder.file("journals/other"));
  try {
    DiskStorage::open(folder.file("journals"), {"other"}, {});
    FAIL("it was opened");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::untrusted);
  }
}

TEST_CASE("files and folders of other users are refused, unless they are accepted", "[journal]") {
  if (!test::have_root()) return;
  test::TemporaryFolder folder;
  const auto storage = DiskStorage::create(folder.file("journals"), {"bus"}, {});
  std::unique_ptr<StoredFile> file;
  REQUIRE(storage->create("numbers", file) == 0);
  REQUIRE(::chown(folder.file("journals/bus/numbers").c_str(), 1234, 1234) == 0);
  CHECK(storage->open("numbers", Use::read, file) == EPERM);
  REQUIRE(::chown(folder.file("journals/bus").c_str(), 1234, 1234) == 0);
  CHECK_THROWS_AS(DiskStorage::open(folder.file("journals"), {"bus"}, {}), Error);
  const auto accepting = DiskStorage::open(folder.file("journals"), {"bus"}, {.owners = {1234}});
  REQUIRE(accepting != nullptr);
  CHECK(accepting->open("numbers", Use::read, file) == 0);
}

TEST_CASE("files are written, read, renamed and listed", "[journal]") {
  test::TemporaryFolder folder;
  const auto storage = DiskStorage::create(folder.file("journals"), {"bus"}, {});
  std::unique_ptr<StoredFile> file;
  REQUIRE(storage->create("a", file) == 0);
  REQUIRE(file->write(3, bytes_of("text")) == 0);
  std::uint64_t size = 0;
  REQUIRE(file->size(size) == 0);
  CHECK(size == 7);
  REQUIRE(file->allocate(100000) == 0);
  REQUIRE(file->size(size) == 0);
  CHECK(size == 100000);
  REQUIRE(file->truncate(5) == 0);
  REQUIRE(file->sync() == 0);
  std::byte bytes[10];
  std::size_t count = 0;
  REQUIRE(file->read(1, bytes, count) == 0);
  REQUIRE(count == 4);
  CHECK(std::memcmp(bytes, "\0\0te", 4) == 0);
  REQUIRE(file->read(5, bytes, count) == 0);
  CHECK(count == 0);
  REQUIRE(storage->create("b", file) == 0);
  REQUIRE(storage->rename("a", "b") == 0);
  REQUIRE(storage->open("b", Use::read, file) == 0);
  REQUIRE(file->size(size) == 0);
  CHECK(size == 5);
  CHECK(file->write(0, bytes_of("x")) == EBADF);
  std::vector<std::string> names;
  REQUIRE(storage->list(names) == 0);
  CHECK(names == std::vector<std::string>{"b"});
  REQUIRE(storage->list(names) == 0);  // as often as wanted
  CHECK(names.size() == 1);
  CHECK(storage->unlink("b") == 0);
  CHECK(storage->unlink("b") == ENOENT);
  CHECK(storage->sync() == 0);
  REQUIRE(storage->free_space(size) == 0);
  CHECK(size > 0);
}

TEST_CASE("nothing is written into a file that took over a closed descriptor's number", "[journal]") {
  test::TemporaryFolder folder;
  const auto storage = DiskStorage::create(folder.file("journals"), {"bus"}, {});
  const int free = ::dup(0);  // the file gets the lowest number from here on
  REQUIRE(free >= 0);
  ::close(free);
  std::unique_ptr<StoredFile> file;
  REQUIRE(storage->create("a", file) == 0);
  const std::string other = folder.write("other", "text");
  // The program closes all descriptors, and opens a file of its own.
  std::vector<int> closed;
  for (int fd = 3; fd < 64; ++fd) {
    struct stat ours {
    }, theirs{};
    if (::fstat(fd, &ours) == 0 && ::stat((storage->path() + "/a").c_str(), &theirs) == 0 &&
        ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev) {
      const int own = ::open(other.c_str(), O_RDWR | O_CLOEXEC);
      REQUIRE(own >= 0);
      REQUIRE(::dup2(own, fd) == fd);
      ::close(own);
      closed.push_back(fd);
    }
  }
  REQUIRE(closed.size() == 1);
  CHECK(file->write(0, bytes_of("gone")) == EBADF);
  CHECK(file->truncate(0) == EBADF);
  CHECK(file->sync() == EBADF);
  file.reset();
  struct stat s {};
  CHECK(::fstat(closed[0], &s) == 0);  // nor closed
  CHECK(s.st_size == 4);
  ::close(closed[0]);
}

TEST_CASE("a reader follows a writer that rotates and removes, and gets every event once", "[journal]") {
  test::TemporaryFolder folder;
  const auto storage = DiskStorage::create(folder.file("journals"), {"bus"}, {});
  constexpr std::uint64_t kEvents = 20000;
  std::atomic<std::uint64_t> recorded{0};
  std::atomic<std::uint64_t> read{0};
  auto writer = JournalWriter::open(*storage, test::journal_description(), {.file_bytes = 16384});
  std::thread writing([&] {
    for (std::uint64_t n = 1; n <= kEvents;) {
      const std::uint64_t last = std::min(n + n % 7, kEvents);
      if (test::append_events(*writer, n, last) != 0) return;
      n = last + 1;
      recorded.store(last, std::memory_order_release);
      Removed removed;
      if (n % 64 == 0) writer->retain({.bytes = 1, .acknowledged = read.load()}, 0, removed);
    }
  });
  const auto other = DiskStorage::open(folder.file("journals"), {"bus"}, {});
  auto reader = JournalReader::open(*other);
  std::uint64_t next = 1;
  std::string trouble;
  while (next <= kEvents && trouble.empty()) {
    std::vector<test::JournalEvent> events;
    for (const std::string& piece : test::pieces(*reader, recorded.load(std::memory_order_acquire), &events)) {
      if (!piece.starts_with("events")) trouble = piece;
    }
    for (const auto& event : events) {
      if (event != test::numbered(next)) trouble = "event " + std::to_string(event.sequence);
      ++next;
    }
    read.store(next - 1);
  }
  writing.join();
  CHECK(trouble.empty());
  CHECK(next == kEvents + 1);
  CHECK(writer->recorded() == kEvents);
}
