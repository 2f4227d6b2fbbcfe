// Broken bytes give `corrupt`, and cause no access outside the log: behind the log lies memory that can't be touched.

#include <catch2/catch.hpp>

#include <vector>

#include "log/rotation.hpp"
#include "support/log_fixture.hpp"

using namespace test;
using shmbus::Status;
using shmbus::layout::RecordMeta;
using shmbus::layout::RingEntry;

namespace {

/// A log whose block 1 is the last physical one: behind it lies memory that can't be touched.
struct LastBlock : LogFixture {
  explicit LastBlock(const LogOptions& options = {}) : LogFixture(options) {
    const std::uint32_t last = memory.geometry().physical_blocks - 1;
    for (std::uint32_t i = 0; i <= last; ++i) memory.back_block(i);
    header().backed.store(last + 1);
    auto& entry = log().entry(last);
    entry.number.store(1);
    entry.key.store(shmbus::log::block_key(header().seed, 1));
    entry.first_sequence.store(1);
    log().slot(1).store(RingEntry(1, last).word());
    place_tail(log().format().make(1, 0, 0));
  }

  /// A record's bytes, with any size and flags.
  void place_record(std::size_t offset, std::uint32_t size, std::uint16_t flags, bool is_aborted = false) {
    auto& r = record(1, offset);
    r.meta.store(RecordMeta{size, 0, flags}.word());
    r.key.store(is_aborted ? ~key_of(1) : key_of(1));
  }
};

constexpr std::uint16_t kPadding = shmbus::layout::kPadding, kExtended = shmbus::layout::kExtended,
                        kTrimmed = shmbus::layout::kTrimmed;

}  // namespace

TEST_CASE("a record of an impossible size gives corrupt", "[log][corrupt]") {
  LastBlock f;
  const auto flags = GENERATE(as<std::uint16_t>{}, 0, kPadding, kExtended, kTrimmed, 7, 0x8000, 0xffff);
  const auto size = GENERATE(as<std::uint32_t>{}, 0, 1, 8, 15, 4097, 4104, 0x7fffffff, 0xfffffff8, 0xffffffff);
  const bool is_aborted = GENERATE(false, true);
  f.place_record(0, size, flags, is_aborted);
  auto& s = f.subscriber();
  CHECK(s.drain().empty());
  CHECK(s.status() == Status::corrupt);
  CHECK(s.shared().words.pin.load() == shmbus::log::kNone);
  CHECK(s.drain().empty());
}

TEST_CASE("a record too small for its own headers gives corrupt", "[log][corrupt]") {
  LastBlock f;
  SECTION("no room for the time stamp") { f.place_record(0, 16, 0); }
  SECTION("no room for the size of the extension area") { f.place_record(0, 31, kExtended); }
  auto& s = f.subscriber();
  CHECK(s.drain().empty());
  CHECK(s.status() == Status::corrupt);
}

TEST_CASE("a trimmed record that is longer than its room gives corrupt", "[log][corrupt]") {
  LastBlock f;
  f.place_record(0, 48, kTrimmed);
  const std::uint64_t length = GENERATE(as<std::uint64_t>{}, 25, 4096, ~std::uint64_t{0});
  std::memcpy(f.log().at(f.physical_of(1), 40), &length, sizeof length);
  auto& s = f.subscriber();
  CHECK(s.drain().empty());
  CHECK(s.status() == Status::corrupt);
}

TEST_CASE("a record that leaves too little room for the padding after it gives corrupt", "[log][corrupt]") {
  // Every record must leave 16 bytes for padding, since the reader looks at the next record's header.
  LastBlock f;
  const bool is_aborted = GENERATE(false, true);
  const auto rest = GENERATE(as<std::uint32_t>{}, 0, 8);
  f.place_record(0, 4096 - rest, 0, is_aborted);
  if (rest != 0) {  // what stands there looks like a key
    reinterpret_cast<std::atomic<std::uint64_t>*>(f.log().at(f.physical_of(1), 4096 - rest))
        ->store(GENERATE(false, true) ? f.key_of(1) : ~f.key_of(1));
  }
  auto& s = f.subscriber();
  CHECK(s.drain().empty());
  CHECK(s.status() == Status::corrupt);
}

TEST_CASE("padding that does not reach the end of its block gives corrupt", "[log][corrupt]") {
  LastBlock f;
  const bool is_aborted = GENERATE(false, true);
  f.place_record(0, 4088, kPadding, is_aborted);
  reinterpret_cast<std::atomic<std::uint64_t>*>(f.log().at(f.physical_of(1), 4088))->store(f.key_of(1));
  auto& s = f.subscriber();
  CHECK(s.drain().empty());
  CHECK(s.status() == Status::corrupt);
}

TEST_CASE("a ring entry that names a block without memory gives corrupt", "[log][corrupt]") {
  LogFixture f;
  auto& p = f.publisher();
  p.publish("one");
  const auto physical = GENERATE(as<std::uint32_t>{}, 1, 2, 700, 708, 0xffffe);
  f.log().slot(1).store(RingEntry(1, physical).word());
  auto& s = f.subscriber();
  CHECK(s.drain().empty());
  CHECK(s.status() == Status::corrupt);
  CHECK(f.publisher().publish("two").status() == Status::corrupt);
}

TEST_CASE("a count of backed blocks larger than the log causes no access outside the log", "[log][corrupt]") {
  LogFixture f;
  auto& p = f.publisher();
  p.publish("one");
  f.header().backed.store(0xffff'ffff);
  f.log().slot(1).store(RingEntry(1, f.memory.geometry().physical_blocks).word());
  CHECK(f.subscriber().drain().empty());
  CHECK(f.publisher().publish("two").status() == Status::corrupt);
}

TEST_CASE("a block that bears another number than the ring says gives corrupt", "[log][corrupt]") {
  LogFixture f;
  auto& p = f.publisher();
  p.publish("one");
  f.log().entry(f.physical_of(1)).number.store(5);
  auto& s = f.subscriber();
  CHECK(s.drain().empty());
  CHECK(s.status() == Status::corrupt);
  CHECK(f.publisher().publish("two").status() == Status::corrupt);
}

TEST_CASE("a block that begins with an earlier sequence than its predecessor gives corrupt", "[log][corrupt]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  f.publish_to_block(p, 2);
  f.log().entry(f.physical_of(2)).first_sequence.store(1);
  s.drain();
  CHECK(s.status() == Status::corrupt);
}

TEST_CASE("no ring word causes an access outside the log", "[log][corrupt]") {
  LogFixture f;
  auto& p = f.publisher();
  f.publish_to_block(p, 6);
  const auto word = GENERATE(take(200, random<std::uint64_t>(0, ~std::uint64_t{0})));
  for (std::uint64_t i = 0; i < 4; ++i) f.log().slot(i).store(word + i);
  for (auto start : {shmbus::Start::oldest(), shmbus::Start::latest(), shmbus::Start::sequence(3),
                     shmbus::Start::last(2), shmbus::Start::time(shmbus::Time{})}) {
    auto& s = f.subscriber({.start = start});
    s.drain();
  }
  SUCCEED("nothing outside was touched");
}

TEST_CASE("no tail causes an access outside the log", "[log][corrupt]") {
  const bool exclusive = GENERATE(false, true);
  LastBlock f({.exclusive = exclusive});
  const auto offset = GENERATE(as<std::size_t>{}, 4088, 4104, 8184, 4096 - 32);
  const auto block = GENERATE(as<std::uint64_t>{}, 0, 1, 2, 3, 1'000'000);
  f.place_tail(f.log().format().make(block, offset, 3));
  auto& p = f.publisher();
  const Status status = p.publish_bytes(f.log().max_payload()).status();
  for (auto start : {shmbus::Start::oldest(), shmbus::Start::latest(), shmbus::Start::sequence(3),
                     shmbus::Start::last(2), shmbus::Start::time(shmbus::Time{})}) {
    f.subscriber({.start = start}).drain();
  }
  if (offset != 4096 - 32 || block != 1) CHECK(status == Status::corrupt);
}

TEST_CASE("an exclusive publisher does not walk beyond a record of an impossible size", "[log][corrupt]") {
  LastBlock f({.exclusive = true});
  const auto size = GENERATE(as<std::uint32_t>{}, 0, 8, 4080, 4088, 4096, 4104, 0xffffffff);
  f.place_record(0, size, GENERATE(as<std::uint16_t>{}, 0, kPadding));
  if (size < 4096 && size >= 8) {
    reinterpret_cast<std::atomic<std::uint64_t>*>(f.log().at(f.physical_of(1), size))->store(f.key_of(1));
  }
  auto& p = f.publisher();
  for (int i = 0; i < 3; ++i) p.publish("event");
  SUCCEED("nothing outside was touched");
}

TEST_CASE("repair of a claim of any place, size and block accesses nothing outside the log", "[log][corrupt]") {
  LastBlock f;
  f.record(1, 0).key.store(0);
  f.place_tail(f.log().format().make(1, 64, 1));
  auto& s = f.subscriber();
  const std::uint64_t dead = f.new_node();
  const auto offset = GENERATE(as<std::size_t>{}, 0, 8, 4080, 4088, 4096, 8184);
  const auto stride = GENERATE(as<std::size_t>{}, 0, 8, 16, 64, 4088, 4096, 4104, 0xffffff * 8);
  const auto physical = GENERATE(as<std::uint32_t>{}, 0, 707, 708, 0xfffff);
  const unsigned port = f.place_claim(dead, 32);
  const std::uint64_t where = f.log().format().make(1, offset, 0);
  f.log().publisher(port).words.what.store(
      shmbus::layout::ClaimWord(where, physical, GENERATE(false, true), stride).word());
  f.log().publisher(port).words.where.store(where);
  f.world.kill(dead);
  s.drain();
  f.world.pass_time(2 * f.world.stall_limit_ns);
  s.drain();
  f.subscriber().drain();
  SUCCEED("nothing outside was touched");
}

// Defects that the fuzz targets found, or that were found while writing them.

TEST_CASE("a publisher that has no block yet writes nothing, whatever tail and ring hold", "[log][corrupt]") {
  LogFixture f;
  // The tail and the ring word hold the values that the writer starts with: those of no block.
  f.place_tail(f.log().format().make(~std::uint64_t{0}, 1024, 0));
  f.log().slot(f.tail_block()).store(0);
  auto& p = f.publisher();
  CHECK(p.publish("one").status() == Status::corrupt);
}

TEST_CASE("an exclusive publisher that could not open its block keeps returning corrupt", "[log][corrupt]") {
  LogFixture f({.exclusive = true});
  auto& p = f.publisher();
  f.fill_block(p, 500);
  const std::uint64_t next = f.tail_block() + 1;
  // Another process overwrites the next block's entry at once: the block is linked and can't be found.
  f.world.on_now = [&] { f.log().slot(next).store(RingEntry(next, RingEntry::kNoBlock).word()); };
  CHECK(p.publish_bytes(3000).status() == Status::corrupt);
  f.world.on_now = nullptr;
  f.log().slot(next).store(RingEntry(next, 0).word());
  CHECK(p.publish("into the block before").status() == Status::corrupt);
  CHECK(f.key_of(next) != 0);
}

TEST_CASE("a count of backed blocks that is reset again and again causes no endless loop", "[log][corrupt]") {
  LogFixture f;
  f.world.on_back = [&] {
    for (std::uint32_t i = 0; i < f.memory.geometry().physical_blocks; ++i) f.memory.back_block(i);
    for (std::uint32_t i = 0; i < f.memory.geometry().physical_blocks; ++i) f.log().entry(i).owner.store(1);
    f.header().backed.store(0);
  };
  CHECK(!f.publisher().publish("one"));
}

TEST_CASE("adopting a port that was placed without a pin gives corrupt", "[log][corrupt]") {
  LogFixture f;
  auto& s = f.subscriber();
  s.shared().words.pin.store(shmbus::log::kNone);
  s.reader->adopt();
  CHECK(s.status() == Status::corrupt);
}

TEST_CASE("every start gives corrupt where the ring does not hold the tail's block", "[log][corrupt]") {
  LogFixture f;
  f.publish_to_block(f.publisher(), 6);
  f.place_tail(f.log().format().make(1'000'000, 64, 1));
  const auto start = GENERATE(as<shmbus::Start>{}, shmbus::Start::oldest(), shmbus::Start::latest(),
                              shmbus::Start::sequence(3), shmbus::Start::last(2), shmbus::Start::time(shmbus::Time{}));
  CHECK(f.subscriber({.start = start}).status() == Status::corrupt);
}

TEST_CASE("a block that the tail has passed and that the ring never held gives corrupt", "[log][corrupt]") {
  // Otherwise a reliable reader would wait for it forever, and hold the publishers back.
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  f.publish_to_block(p, 1);
  s.drain();
  f.publish_to_block(p, 3);
  f.log().slot(2).store(RingEntry(std::uint64_t{2} - 4, 0).word());
  s.drain();
  CHECK(s.status() == Status::corrupt);
  CHECK(s.shared().words.pin.load() == shmbus::log::kNone);
}

TEST_CASE("a log that was cut short opens no block", "[log][corrupt]") {
  LogFixture f;
  auto& p = f.publisher();
  f.fill_block(p, 500);
  f.world.intact = false;
  CHECK(p.publish_bytes(3000).status() == Status::corrupt);
  CHECK(f.tail_block() == 1);
}
