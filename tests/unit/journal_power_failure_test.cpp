// The disks that a power failure may leave: each is recovered without help, and nothing that was promised is gone.
//
// SHMBUS_DISK_STATES=100000 looks at that many disks instead of 10,000.

#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>
#include <map>
#include <random>

#include "journal/file_names.hpp"
#include "journal/journal_reader.hpp"
#include "journal/journal_writer.hpp"
#include "journal/numbers.hpp"
#include "support/journal_frames.hpp"
#include "support/memory_storage.hpp"

using namespace shmbus::journal;
using test::DiskImage;
using test::JournalEvent;
using test::RecordingStorage;
using test::Survives;

namespace {

/// What was promised when the disk had seen so many operations.
struct Promise {
  std::size_t operations = 0;
  std::uint64_t given = 0;    // the highest number given to an event
  std::uint64_t durable = 0;  // the events up to it are on disk
  std::uint64_t removed = 0;  // but retention may have taken those up to this one
};

/// A journal's life over several power failures.
class Life {
 public:
  explicit Life(std::uint64_t seed) : random_(seed) {
    description_.sync = draw(4) == 0 ? SyncKind::page_cache : SyncKind::batch;
    options_.file_bytes = 6144 + 512 * draw(20);
    options_.allocate = draw(8) != 0;
  }

  /// Lets a recorder work on the disk, for some steps.
  void run(RecordingStorage& storage) {
    promises_.clear();
    promise(storage);
    Numbers numbers;
    REQUIRE(numbers.open(storage) == 0);
    // No number is given twice.
    std::uint64_t next = numbers.next() != 0 ? numbers.next() : std::max<std::uint64_t>(numbers.end(), 1);
    REQUIRE(next > now_.given);
    REQUIRE(numbers.reserve(next + 40) == 0);
    auto writer = JournalWriter::open(storage, description_, options_);
    if (description_.sync != SyncKind::page_cache) REQUIRE(writer->recovered().damage.empty());
    REQUIRE(writer->durable() >= now_.durable);
    REQUIRE(writer->next_sequence() <= next);
    forget_lost(storage);
    if (next > writer->next_sequence()) {
      REQUIRE(writer->append_gap(writer->next_sequence(), next - writer->next_sequence()) == 0);
    }
    for (std::uint64_t steps = 5 + draw(40); steps > 0; --steps) {
      switch (draw(12)) {
        default: {  // events, some numbers among them never used
          test::JournalFrame frame(description_);
          for (std::uint64_t events = 1 + draw(6); events > 0; --events) {
            if (draw(10) == 0) ++next;
            if (next + 20 > numbers.end()) REQUIRE(numbers.reserve(next + 60) == 0);
            const JournalEvent event{next++, ++time_, std::string(draw(draw(8) == 0 ? 1500 : 60), 'x')};
            events_[event.sequence] = event;
            now_.given = event.sequence;
            frame.add(event);
          }
          promise(storage);
          REQUIRE(frame.append_to(*writer) == 0);
          if (description_.sync == SyncKind::batch && draw(3) == 0) REQUIRE(writer->sync() == 0);
          break;
        }
        case 7:
          if (description_.sync == SyncKind::batch || draw(6) == 0) REQUIRE(writer->sync() == 0);
          break;
        case 8:
          REQUIRE(writer->note_synced() == 0);
          break;
        case 9:
          REQUIRE(writer->append_missing(next, 3) == 0);
          next += 3;
          if (next + 20 > numbers.end()) REQUIRE(numbers.reserve(next + 60) == 0);
          break;
        case 10: {
          // What goes may come back, and may be gone as soon as it is asked for.
          now_.removed =
              std::max(now_.removed, writer->bytes() > 3 * options_.file_bytes ? last_before_newest(storage) : 0);
          promise(storage);
          Removed removed;
          REQUIRE(writer->retain({.bytes = 3 * options_.file_bytes}, time_, removed) == 0);
          REQUIRE(removed.last <= now_.removed);
          break;
        }
        case 11:
          if (draw(3) == 0) {
            REQUIRE(writer->close() == 0);
            now_.durable = writer->durable();
            promise(storage);
            REQUIRE(numbers.close(std::max(next, writer->next_sequence())) == 0);
            writer = JournalWriter::open(storage, description_, options_);
            REQUIRE(numbers.reserve(next + 40) == 0);
          } else if (draw(3) == 0) {
            REQUIRE(writer->begin_new_file() == 0);
          }
          break;
      }
      now_.durable = writer->durable();
      promise(storage);
    }
  }

  /// Recovers a disk as it was left after so many operations, and checks it against what had been promised by then.
  void check(const DiskImage& disk, std::size_t operations) {
    Promise promised;
    for (const Promise& promise : promises_) {
      if (promise.operations <= operations) promised = promise;
    }
    test::MemoryStorage storage(disk);
    storage.set_knows_room(draw(2) == 0);
    Numbers numbers;
    REQUIRE(numbers.open(storage) == 0);
    REQUIRE((numbers.next() != 0 ? numbers.next() : std::max<std::uint64_t>(numbers.end(), 1)) > promised.given);
    {
      auto writer = JournalWriter::open(storage, description_, options_);
      REQUIRE(writer->durable() >= promised.durable);
      REQUIRE(append_one(*writer, numbers.end() + 1) == 0);
    }
    auto reader = JournalReader::open(storage);
    std::vector<JournalEvent> found;
    std::string all;
    for (const std::string& piece : test::pieces(*reader, JournalReader::kNoLimit, &found)) {
      CAPTURE(piece);
      all += piece + "; ";
      REQUIRE(piece.find("failed") == std::string::npos);
      REQUIRE(piece.find("removed") == std::string::npos);
      if (description_.sync != SyncKind::page_cache) REQUIRE(piece.find("damaged") == std::string::npos);
    }
    REQUIRE(!found.empty());
    found.pop_back();  // the one that was appended here
    std::uint64_t last = 0;
    std::size_t promised_and_found = 0;
    for (const JournalEvent& event : found) {
      REQUIRE(event.sequence > last);  // in order, and once
      last = event.sequence;
      const auto given = events_.find(event.sequence);
      REQUIRE(given != events_.end());  // none is invented
      REQUIRE(given->second == event);
      if (event.sequence <= promised.durable && event.sequence > promised.removed) ++promised_and_found;
    }
    const auto from = events_.upper_bound(promised.removed);
    const auto to = events_.upper_bound(std::max(promised.durable, promised.removed));
    CAPTURE(all, promised.given, promised.durable, promised.removed, static_cast<int>(description_.sync));
    REQUIRE(promised_and_found == static_cast<std::size_t>(std::distance(from, to)));
  }

  /// The power fails after so many operations, and the machine comes back.
  void go_on_after(std::size_t operations) {
    for (const Promise& promise : promises_) {
      if (promise.operations <= operations) now_ = promise;
    }
    events_.erase(events_.upper_bound(now_.given), events_.end());
  }

  std::mt19937_64& random() { return random_; }
  std::uint64_t draw(std::uint64_t below) { return random_() % below; }

 private:
  void promise(const RecordingStorage& storage) {
    now_.operations = storage.operations();
    promises_.push_back(now_);
  }
  /// The last number before the newest segment file.
  static std::uint64_t last_before_newest(Storage& storage) {
    std::vector<std::uint64_t> firsts;
    REQUIRE(list_events(storage, firsts) == 0);
    return firsts.empty() ? 0 : firsts.back() - 1;
  }
  /// What the last failure took away, and had not been promised, must not come back.
  void forget_lost(Storage& storage) {
    std::vector<JournalEvent> found;
    test::pieces(*JournalReader::open(storage), JournalReader::kNoLimit, &found);
    std::map<std::uint64_t, JournalEvent> left;
    for (const JournalEvent& event : found) left[event.sequence] = event;
    for (const auto& [number, event] : events_) {
      if (number <= now_.durable && number > now_.removed) REQUIRE(left.contains(number));
    }
    events_ = std::move(left);
  }
  int append_one(JournalWriter& writer, std::uint64_t number) {
    test::JournalFrame frame(description_);
    frame.add({number, time_ + 1, "after"});
    return frame.append_to(writer);
  }

  std::mt19937_64 random_;
  Description description_ = test::journal_description();
  WriterOptions options_{};
  std::map<std::uint64_t, JournalEvent> events_{};
  std::int64_t time_ = 1000;
  Promise now_{};
  std::vector<Promise> promises_{};
};

}  // namespace

TEST_CASE("whatever a power failure leaves is recovered, and nothing that was promised is gone", "[journal]") {
  const char* wish = std::getenv("SHMBUS_DISK_STATES");
  const std::uint64_t states = wish != nullptr ? std::strtoull(wish, nullptr, 10) : 10000;
  std::uint64_t looked_at = 0;
  std::uint64_t failures = 0;
  for (std::uint64_t seed = Catch::rngSeed(); looked_at < states; ++seed) {
    CAPTURE(seed);
    Life life(seed);
    DiskImage disk;
    for (int generation = 0; generation < 4 && looked_at < states; ++generation) {
      CAPTURE(generation);
      RecordingStorage storage(disk);
      life.run(storage);
      for (std::size_t operations = 0; operations <= storage.operations(); ++operations) {
        CAPTURE(operations);
        const Survives survives = life.draw(8) == 0   ? Survives::none
                                  : life.draw(8) == 0 ? Survives::all
                                                      : Survives::some;
        life.check(storage.disk_after(operations, survives, life.random()), operations);
        ++looked_at;
      }
      const std::size_t end = life.draw(storage.operations() + 1);
      disk = storage.disk_after(end, Survives::some, life.random());
      life.go_on_after(end);
      ++failures;
    }
  }
  std::cout << "disks after a power failure: " << looked_at << ", " << failures << " of them gone on with" << std::endl;
}
