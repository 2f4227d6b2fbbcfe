// What is recovered, what is cut, and what is named, frame by frame.

#include "journal/recovery.hpp"

#include <catch2/catch.hpp>

#include "journal/file_names.hpp"
#include "journal/frame_scan.hpp"
#include "journal/journal_reader.hpp"
#include "journal/journal_writer.hpp"
#include "journal/verification.hpp"
#include "support/journal_frames.hpp"
#include "support/memory_storage.hpp"

using namespace shmbus::journal;
using test::append_events;
using test::MemoryStorage;
using test::pieces;
using Pieces = std::vector<std::string>;

namespace {

/// A journal whose last writer died.
struct Crashed {
  MemoryStorage storage{};
  std::vector<std::uint64_t> offsets{};  // of the frames of the first file, and its end

  /// Frames of one event each, with syncs behind some.
  Crashed(std::uint64_t events, std::initializer_list<std::uint64_t> syncs, bool note = false) {
    auto writer = JournalWriter::open(storage, test::journal_description());
    for (std::uint64_t n = 1; n <= events; ++n) {
      REQUIRE(append_events(*writer, n, n) == 0);
      for (const std::uint64_t sync : syncs) {
        if (sync == n) REQUIRE(writer->sync() == 0);
      }
    }
    if (note) REQUIRE(writer->note_synced() == 0);
    std::unique_ptr<StoredFile> file;
    HeadContent head;
    REQUIRE(open_events(storage, 1, Use::read, file, head) == 0);
    FrameScan scan(*file, head.seed, kFileHeader, 65536);
    while (scan.next() == FrameScan::Found::frame) offsets.push_back(scan.offset());
    offsets.push_back(scan.offset());
  }

  void damage(std::uint64_t offset, std::size_t bytes = 1) {
    std::unique_ptr<StoredFile> file;
    REQUIRE(storage.open(events_name(1), Use::write, file) == 0);
    std::vector<std::byte> wrong(bytes);
    std::size_t count = 0;
    REQUIRE(file->read(offset, wrong, count) == 0);
    for (std::byte& byte : wrong) byte ^= std::byte{0x55};
    REQUIRE(file->write(offset, wrong) == 0);
  }

  Recovered recover() {
    auto writer = JournalWriter::open(storage, test::journal_description());
    return writer->recovered();
  }
  std::uint64_t size() { return storage.image().at(events_name(1)).size(); }
};

}  // namespace

TEST_CASE("a file is cut behind its last good frame, and stays as it is from then on", "[journal]") {
  Crashed crashed(5, {});
  crashed.damage(crashed.offsets[3] + 70);
  const Recovered recovered = crashed.recover();
  CHECK_FALSE(recovered.clean);
  CHECK(recovered.last == 3);  // nothing says that the fourth had been synced, so it and the fifth are a tail
  CHECK(recovered.damage.empty());
  CHECK(recovered.tail_bytes > 64);
  CHECK(crashed.size() == crashed.offsets[3]);
  const auto image = crashed.storage.image();
  CHECK(crashed.recover().last == 3);
  CHECK(crashed.storage.image() == image);
  auto writer = JournalWriter::open(crashed.storage, test::journal_description());
  REQUIRE(append_events(*writer, 100, 100) == 0);
  CHECK(crashed.size() == crashed.offsets[3]);
  CHECK(crashed.storage.image().contains(events_name(100)));
}

TEST_CASE("damage below what a later frame calls synced is named, and what follows stays readable", "[journal]") {
  Crashed crashed(6, {4});  // the fifth frame says that the first four were synced
  crashed.damage(crashed.offsets[1] + 70);
  crashed.damage(crashed.offsets[5] + 70);
  const Recovered recovered = crashed.recover();
  CHECK(recovered.damage == std::vector<Damage>{{events_name(1), crashed.offsets[1], 2, 2}});
  CHECK(recovered.last == 5);
  CHECK(crashed.size() == crashed.offsets[5]);
  CHECK(pieces(*JournalReader::open(crashed.storage)) ==
        Pieces{"events 1-1", "damaged 2-2", "events 3-3", "events 4-4", "events 5-5"});
}

TEST_CASE("the last frame, once synced, can be told from a tail because of the note behind it", "[journal]") {
  Crashed with(3, {3}, true);
  with.damage(with.offsets[2] + 70);
  CHECK(with.recover().damage == std::vector<Damage>{{events_name(1), with.offsets[2], 3, 3}});
  Crashed without(3, {3});
  without.damage(without.offsets[2] + 70);
  CHECK(without.recover().damage.empty());
  CHECK(without.recover().last == 2);
}

TEST_CASE("a frame whose header is gone is named by its neighbours", "[journal]") {
  Crashed crashed(6, {5});
  crashed.damage(crashed.offsets[1], 64);
  crashed.damage(crashed.offsets[2], 64);
  CHECK(crashed.recover().damage == std::vector<Damage>{{events_name(1), crashed.offsets[1], 2, 3}});
}

TEST_CASE("a frame that was moved, or is of another file, is no frame", "[journal]") {
  Crashed crashed(6, {});
  auto image = crashed.storage.image();
  auto& bytes = image.at(events_name(1));
  REQUIRE(crashed.offsets[2] - crashed.offsets[1] == crashed.offsets[3] - crashed.offsets[2]);
  std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(crashed.offsets[1]),
            bytes.begin() + static_cast<std::ptrdiff_t>(crashed.offsets[2]),
            bytes.begin() + static_cast<std::ptrdiff_t>(crashed.offsets[2]));
  MemoryStorage moved(image);
  CHECK(JournalWriter::open(moved, test::journal_description())->recovered().last == 2);

  Crashed other(6, {});
  image = crashed.storage.image();
  const auto theirs = other.storage.image().at(events_name(1));
  std::copy(theirs.begin() + static_cast<std::ptrdiff_t>(crashed.offsets[3]), theirs.end(),
            image.at(events_name(1)).begin() + static_cast<std::ptrdiff_t>(crashed.offsets[3]));
  MemoryStorage mixed(image);
  CHECK(JournalWriter::open(mixed, test::journal_description())->recovered().last == 3);
}

TEST_CASE("payloads that look like frames deceive nobody", "[journal]") {
  MemoryStorage storage;
  std::vector<std::uint64_t> offsets;
  {
    auto writer = JournalWriter::open(storage, test::journal_description());
    REQUIRE(append_events(*writer, 1, 3) == 0);
    std::unique_ptr<StoredFile> file;
    HeadContent head;
    REQUIRE(open_events(storage, 1, Use::read, file, head) == 0);
    // The first frame, again and again, as a payload.
    std::vector<std::byte> first(144);
    std::size_t count = 0;
    REQUIRE(file->read(kFileHeader, first, count) == 0);
    test::JournalFrame frame;
    std::string payload;
    for (int i = 0; i < 20; ++i) payload.append(reinterpret_cast<const char*>(first.data()), first.size());
    frame.add({4, 1004, payload});
    REQUIRE(frame.append_to(*writer) == 0);
    REQUIRE(append_events(*writer, 5, 5) == 0);
    REQUIRE(writer->close() == 0);
    FrameScan scan(*file, head.seed, kFileHeader, 65536);
    while (scan.next() == FrameScan::Found::frame) offsets.push_back(scan.offset());
    const std::byte wrong{0xff};
    REQUIRE(storage.open(events_name(1), Use::write, file) == 0);
    REQUIRE(file->write(offsets[1], std::span(&wrong, 1)) == 0);  // the header of the fourth event's frame
  }
  CHECK(pieces(*JournalReader::open(storage)) == Pieces{"events 1-3", "damaged 4-4", "events 5-5"});
}

TEST_CASE("both copies of a header damaged: all that the file held is named, and the journal goes on", "[journal]") {
  MemoryStorage storage;
  {
    auto writer = JournalWriter::open(storage, test::journal_description());
    for (std::uint64_t n = 1; n <= 3; ++n) {
      REQUIRE(append_events(*writer, 10 * n, 10 * n + 4) == 0);
      REQUIRE(writer->begin_new_file() == 0);
    }
    REQUIRE(writer->close() == 0);
  }
  const auto whole = storage.image();
  const auto without_header = [&](std::uint64_t first) {
    auto image = whole;
    std::fill_n(image.at(events_name(first)).begin(), kFileHeader, std::byte{0});
    return image;
  };
  // How far the file before it went is not known either, so the numbers between the two are named as well.
  MemoryStorage middle(without_header(20));
  CHECK(pieces(*JournalReader::open(middle)) ==
        Pieces{"events 10-14", "damaged 15-19", "damaged 20-24", "events 30-34"});
  Verification report;
  REQUIRE(verify(middle, report) == 0);
  REQUIRE(report.damage.size() == 2);
  CHECK(report.damage ==
        std::vector<Damage>{{events_name(10), report.damage[0].offset, 15, 19}, {events_name(20), 0, 20, 24}});
  MemoryStorage oldest(without_header(10));
  CHECK(pieces(*JournalReader::open(oldest)) == Pieces{"damaged 10-14", "events 20-24", "events 30-34"});
  MemoryStorage newest(without_header(30));
  auto writer = JournalWriter::open(newest, test::journal_description());
  CHECK(writer->recovered().damage == std::vector<Damage>{{events_name(30), 0, 30, 30}});
  CHECK(writer->next_sequence() == 31);
  REQUIRE(append_events(*writer, 50, 50) == 0);
  CHECK(pieces(*JournalReader::open(newest)) ==
        Pieces{"events 10-14", "events 20-24", "damaged 25-29", "damaged 30-30", "events 50-50"});
}

TEST_CASE("a segment file that somebody took out of the middle is named", "[journal]") {
  MemoryStorage storage;
  auto writer = JournalWriter::open(storage, test::journal_description());
  for (std::uint64_t n = 1; n <= 3; ++n) {
    REQUIRE(append_events(*writer, 10 * n, 10 * n + 4) == 0);
    REQUIRE(writer->begin_new_file() == 0);
  }
  REQUIRE(storage.unlink(events_name(20)) == 0);
  CHECK(pieces(*JournalReader::open(storage)) == Pieces{"events 10-14", "damaged 15-24", "events 30-34"});
  Verification report;
  REQUIRE(verify(storage, report) == 0);
  REQUIRE(report.damage.size() == 1);
  CHECK(report.damage[0].last == 24);
}

TEST_CASE("a file whose end was cut off is named, as soon as a later file tells what it held", "[journal]") {
  MemoryStorage storage;
  auto writer = JournalWriter::open(storage, test::journal_description());
  for (std::uint64_t n = 1; n <= 9; ++n) REQUIRE(append_events(*writer, n, n) == 0);
  REQUIRE(writer->begin_new_file() == 0);
  REQUIRE(append_events(*writer, 10, 10) == 0);
  std::unique_ptr<StoredFile> file;
  REQUIRE(storage.open(events_name(1), Use::write, file) == 0);
  REQUIRE(file->truncate(kFileHeader + 5 * (64 + 32)) == 0);
  CHECK(pieces(*JournalReader::open(storage)).at(5) == "damaged 6-9");
  Verification report;
  REQUIRE(verify(storage, report) == 0);
  CHECK(report.damage == std::vector<Damage>{{events_name(1), kFileHeader + 5 * (64 + 32), 6, 9}});
  CHECK(report.events == 6);
}

TEST_CASE("verifying counts what is there, and finds nothing wrong with a good journal", "[journal]") {
  MemoryStorage storage;
  auto writer = JournalWriter::open(storage, test::journal_description());
  REQUIRE(append_events(*writer, 1, 3) == 0);
  REQUIRE(writer->append_gap(4, 6) == 0);
  REQUIRE(writer->append_missing(10, 2) == 0);
  REQUIRE(append_events(*writer, 12, 12) == 0);
  Verification report;
  REQUIRE(verify(storage, report) == 0);
  CHECK(report.whole());
  CHECK_FALSE(report.closed);
  CHECK(report.tail_bytes == 0);
  CHECK(report.events == 4);
  CHECK(report.frames == 4);
  CHECK(report.first == 1);
  CHECK(report.last == 12);
  CHECK(report.gaps == std::vector<NumberRange>{{4, 9}});
  CHECK(report.missing == std::vector<NumberRange>{{10, 11}});
  REQUIRE(report.remarks.size() == 1);  // this test reserves no numbers
  CHECK(report.remarks[0].file == "numbers");
  REQUIRE(writer->close() == 0);
  REQUIRE(verify(storage, report) == 0);
  CHECK(report.closed);
}
