// Operations that fail: nothing that was promised is lost, and the journal goes on.

#include <catch2/catch.hpp>

#include <cerrno>
#include <map>
#include <random>

#include "journal/journal_reader.hpp"
#include "journal/journal_writer.hpp"
#include "journal/numbers.hpp"
#include "support/journal_frames.hpp"
#include "support/memory_storage.hpp"

using namespace shmbus::journal;
using test::JournalEvent;
using Pieces = std::vector<std::string>;

namespace {

/// A recorder whose operations may fail, and which then does what a recorder does: it begins a new file, writes again
/// what its ring still holds, and names the rest.
class Recorder {
 public:
  Recorder(Storage& storage, SyncKind sync, std::uint64_t ring) : storage_(&storage), ring_(ring) {
    description_.sync = sync;
    options_.file_bytes = 8192;
  }

  void run() {
    open();
    for (std::uint64_t number = 1; number <= 60; ++number) {
      published_ = number;
      record();
      if (number % 7 == 0) repeat([&] { return writer_->sync(); });
      if (number % 11 == 0) repeat([&] { return writer_->note_synced(); });
      if (number == 40) {  // the journal is closed, and opened again
        if (writer_->close() == 0) {
          durable_ = writer_->durable();
          CHECK(durable_ == number);
        }
        open();
      }
      durable_ = std::max(durable_, writer_->durable());
    }
    record();
    for (int tries = 0; tries < 100; ++tries) {
      if (writer_->close() == 0) {
        durable_ = std::max(durable_, writer_->durable());
        return;
      }
      open();
      record();
    }
    FAIL("it never closed");
  }

  std::uint64_t durable() const { return durable_; }

 private:
  /// Opens the journal, as often as it takes. A new writer gets what the old one had not named.
  void open() {
    writer_.reset();
    for (int tries = 0; tries < 100 && !writer_; ++tries) {
      try {
        writer_ = JournalWriter::open(*storage_, description_, options_);
      } catch (const shmbus::Error&) {
      }
    }
    REQUIRE(writer_);
    CHECK(writer_->durable() >= durable_);
  }

  template <class Call>
  void repeat(Call call) {
    for (int tries = 0; tries < 100; ++tries) {
      if (call() == 0) return;
      CHECK(writer_->failure());
      writer_->begin_new_file();
      CHECK(writer_->recorded() >= durable_);
      record();
    }
    FAIL("it never succeeded");
  }

  /// Writes all that is not written, three events a frame.
  void record() {
    for (int tries = 0; tries < 200; ++tries) {
      const std::uint64_t next = writer_->next_sequence();
      if (next > published_) return;
      const std::uint64_t oldest = published_ > ring_ ? published_ - ring_ + 1 : 1;
      const int error = next < oldest ? writer_->append_missing(next, oldest - next)
                                      : test::append_events(*writer_, next, std::min(next + 2, published_));
      if (error != 0) writer_->begin_new_file();
    }
    FAIL("it never wrote");
  }

  Storage* storage_;
  std::uint64_t ring_;
  Description description_ = test::journal_description();
  WriterOptions options_{};
  std::unique_ptr<JournalWriter> writer_{};
  std::uint64_t published_ = 0;
  std::uint64_t durable_ = 0;
};

/// Every event up to `durable` is there, in order, once, and none is invented.
void check_durable(Storage& storage, std::uint64_t durable, bool all) {
  std::vector<JournalEvent> events;
  const Pieces found = test::pieces(*JournalReader::open(storage), JournalReader::kNoLimit, &events);
  for (const std::string& piece : found) {
    CAPTURE(piece);
    CHECK((piece.starts_with("events ") || piece.starts_with("missing ")));
  }
  std::uint64_t next = 1;
  for (const JournalEvent& event : events) {
    REQUIRE(event.sequence >= next);
    if (all) REQUIRE(event.sequence == next);
    REQUIRE(event == test::numbered(event.sequence));
    next = event.sequence + 1;
  }
  REQUIRE(next > durable);
}

void fail_each(SyncKind sync, std::uint64_t ring, std::size_t width, int error) {
  std::mt19937_64 random(Catch::rngSeed());
  for (std::size_t first = 0;; ++first) {
    CAPTURE(first, width, error, static_cast<int>(sync), ring);
    test::RecordingStorage disk;
    test::FaultyStorage storage(disk);
    storage.fail(first, first + width - 1, error);
    Recorder recorder(storage, sync, ring);
    recorder.run();
    CHECK(recorder.durable() == 60);
    check_durable(disk, 60, ring >= 60);
    // And what is on disk survives a power failure.
    test::MemoryStorage after(disk.disk_after(disk.operations(), test::Survives::some, random));
    check_durable(after, 60, ring >= 60);
    if (storage.failed() == 0) break;
  }
}

}  // namespace

TEST_CASE("a recorder whose ring holds everything loses no event to an operation that fails", "[journal]") {
  for (const int error : {EIO, ENOSPC}) {
    fail_each(SyncKind::batch, 60, 1, error);
    fail_each(SyncKind::batch, 60, 9, error);
  }
}

TEST_CASE("a recorder whose ring holds little names what an operation that fails has cost", "[journal]") {
  for (const int error : {EIO, ENOSPC}) fail_each(SyncKind::batch, 4, 3, error);
}

TEST_CASE("a failed read is reported to the caller, and the next call goes on from there", "[journal]") {
  test::MemoryStorage disk;
  {
    auto writer = JournalWriter::open(disk, test::journal_description(), {.file_bytes = 8192});
    for (std::uint64_t n = 1; n <= 200; n += 5) REQUIRE(test::append_events(*writer, n, n + 4) == 0);
    REQUIRE(writer->close() == 0);
  }
  for (std::size_t first = 0;; ++first) {
    CAPTURE(first);
    test::FaultyStorage storage(disk);
    storage.fail(first, first, EIO);
    std::unique_ptr<JournalReader> reader;
    try {
      reader = JournalReader::open(storage);
    } catch (const shmbus::Error& error) {
      CHECK(error.code() == shmbus::ErrorCode::system);
      reader = JournalReader::open(storage);
    }
    std::vector<JournalEvent> events;
    Pieces found = test::pieces(*reader, JournalReader::kNoLimit, &events);
    std::size_t failures = 0;
    while (!found.empty() && found.back().starts_with("failed")) {
      CHECK(reader->failure().error == EIO);
      ++failures;
      found = test::pieces(*reader, JournalReader::kNoLimit, &events);
    }
    CHECK(failures <= 1);
    REQUIRE(events.size() == 200);
    for (std::uint64_t n = 1; n <= 200; ++n) REQUIRE(events[n - 1] == test::numbered(n));
    if (storage.failed() == 0) break;
  }
}

TEST_CASE("after a failure every call returns it, until a new file begins", "[journal]") {
  test::MemoryStorage disk;
  test::FaultyStorage storage(disk);
  auto writer = JournalWriter::open(storage, test::journal_description());
  REQUIRE(test::append_events(*writer, 1, 2) == 0);
  REQUIRE(writer->sync() == 0);
  REQUIRE(test::append_events(*writer, 3, 4) == 0);
  storage.fail(storage.operations(), storage.operations(), EIO);
  CHECK(writer->sync() == EIO);
  CHECK(writer->failure().what == "syncing 00000000000000000001.events");
  CHECK(writer->durable() == 2);
  CHECK(writer->recorded() == 4);
  const std::size_t operations = storage.operations();
  CHECK(test::append_events(*writer, 5, 5) == EIO);
  CHECK(writer->sync() == EIO);
  CHECK(writer->note_synced() == EIO);
  CHECK(storage.operations() == operations);  // nothing was tried
  REQUIRE(writer->begin_new_file() == 0);
  CHECK_FALSE(writer->failure());
  CHECK(writer->recorded() == 2);  // what a failed sync leaves can't be trusted
  REQUIRE(test::append_events(*writer, 3, 5) == 0);
  CHECK(writer->files() == 2);
  CHECK(test::pieces(*JournalReader::open(storage)) == Pieces{"events 1-2", "events 3-5"});
}

TEST_CASE("after a failed sync the next writer does not trust the page cache either", "[journal]") {
  for (const std::uint64_t durable : {0, 2}) {
    CAPTURE(durable);
    test::MemoryStorage disk;
    test::FaultyStorage storage(disk);
    std::uint64_t seed = 0;
    {
      auto writer = JournalWriter::open(storage, test::journal_description());
      CHECK(writer->failed_seed() == 0);
      if (durable != 0) {
        REQUIRE(test::append_events(*writer, 1, 2) == 0);
        REQUIRE(writer->sync() == 0);
      }
      REQUIRE(test::append_events(*writer, durable + 1, 4) == 0);
      REQUIRE(test::append_events(*writer, 5, 6) == 0);
      storage.fail(storage.operations(), storage.operations(), EIO);
      CHECK(writer->sync() == EIO);
      CHECK(writer->durable() == durable);
      seed = writer->failed_seed();
      CHECK(seed != 0);
    }  // it is killed
    const WriterOptions options{.distrusted = seed, .trusted = durable};
    for (int again = 0; again < 2; ++again) {
      auto writer = JournalWriter::open(disk, test::journal_description(), options);
      CHECK(writer->recorded() == durable);
      CHECK(writer->recovered().damage.empty());
    }
    auto writer = JournalWriter::open(disk, test::journal_description(), options);
    REQUIRE(test::append_events(*writer, durable + 1, 7) == 0);
    REQUIRE(writer->sync() == 0);
    Pieces expected{"events " + std::to_string(durable + 1) + "-7"};
    if (durable != 0) expected.insert(expected.begin(), "events 1-2");
    CHECK(test::pieces(*JournalReader::open(disk)) == expected);
    // The file that failed is not the last one any more.
    writer = JournalWriter::open(disk, test::journal_description(), options);
    CHECK(writer->recorded() == 7);
  }
}

TEST_CASE("what was written before a write that failed is kept", "[journal]") {
  test::MemoryStorage disk;
  test::FaultyStorage storage(disk);
  auto writer = JournalWriter::open(storage, test::journal_description());
  REQUIRE(test::append_events(*writer, 1, 2) == 0);
  storage.fail(storage.operations(), storage.operations(), ENOSPC);
  CHECK(test::append_events(*writer, 3, 4) == ENOSPC);
  CHECK(writer->recorded() == 2);
  REQUIRE(writer->begin_new_file() == 0);
  CHECK(writer->recorded() == 2);
  CHECK(writer->durable() == 2);
  REQUIRE(test::append_events(*writer, 3, 4) == 0);
  CHECK(test::pieces(*JournalReader::open(storage)) == Pieces{"events 1-2", "events 3-4"});
}
