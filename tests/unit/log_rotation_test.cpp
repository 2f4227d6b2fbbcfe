// Opening the next block, and which physical block it gets.

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "log/reservation.hpp"
#include "log/rotation.hpp"
#include "support/log_fixture.hpp"

using namespace test;
using shmbus::Status;
using shmbus::layout::RingEntry;
using shmbus::log::kNone;
using shmbus::log::open_next;
using Sequences = std::vector<std::uint64_t>;

namespace {

/// The tail of a sealed block, as a publisher sees it that is about to open the next one.
std::uint64_t seal(LogFixture& f) {
  const auto& format = f.log().format();
  const std::uint64_t tail = f.log().tail().load();
  if (f.sealed()) return tail;
  const std::size_t rest = f.log().block_size() - f.tail_offset();
  auto& r = f.record(format.block(tail), f.tail_offset());
  r.meta.store(shmbus::layout::RecordMeta{static_cast<std::uint32_t>(rest), 0, shmbus::layout::kPadding}.word());
  r.key.store(f.key_of(format.block(tail)));
  f.place_tail(format.make(format.block(tail), f.log().block_size(), format.count(tail)));
  return f.log().tail().load();
}

/// Physical blocks that no ring entry names.
std::set<std::uint32_t> unlinked(const LogFixture& f) {
  std::set<std::uint32_t> blocks;
  for (std::uint32_t p = 0; p < f.header().backed.load(); ++p) blocks.insert(p);
  for (std::uint64_t i = 0; i < f.log().blocks(); ++i) blocks.erase(f.ring(i).physical());
  return blocks;
}

constexpr std::size_t kQuarter = 1000;

}  // namespace

TEST_CASE("a new log has a sealed tail, no linked block and no backed block", "[log][rotation]") {
  LogFixture f({.blocks = 8});
  CHECK(f.tail_block() == 0);
  CHECK(f.sealed());
  CHECK(f.tail_count() == 0);
  CHECK(f.header().backed.load() == 0);
  for (std::uint64_t i = 0; i < 8; ++i) CHECK_FALSE(f.ring(i).linked());
  CHECK(f.ring(0).holds(0));
  CHECK(f.ring(1).older_than(1));
  CHECK(f.subscriber().drain().empty());
}

TEST_CASE("the first event opens block 1 with sequence 1", "[log][rotation]") {
  const bool exclusive = GENERATE(false, true);
  LogFixture f({.exclusive = exclusive});
  CHECK(f.publisher().publish("first").sequence() == 1);
  CHECK(f.tail_block() == 1);
  CHECK(f.ring(1).holds(1));
  const auto& entry = f.log().entry(f.physical_of(1));
  CHECK(entry.first_sequence.load() == 1);
  CHECK(entry.owner.load() == 0);
  CHECK(f.header().backed.load() == 1);
}

TEST_CASE("a ring that is not full takes a new block each time, and a full ring reuses blocks", "[log][rotation]") {
  const bool exclusive = GENERATE(false, true);
  const auto blocks = GENERATE(as<std::uint32_t>{}, 2, 4, 8);
  LogFixture f({.blocks = blocks, .exclusive = exclusive});
  auto& p = f.publisher();
  f.publish_to_block(p, 100);
  // One block more than the ring has: a block leaves the ring in the step that links its successor.
  CHECK(f.header().backed.load() == blocks + 1);
  std::set<std::uint32_t> physical;
  for (std::uint64_t n = 101 - blocks; n <= 100; ++n) {
    CHECK(f.ring(n).holds(n));
    physical.insert(f.physical_of(n));
  }
  CHECK(physical.size() == blocks);
}

TEST_CASE("sequences go on from block to block, and padding takes none", "[log][rotation]") {
  LogFixture f;
  auto& p = f.publisher();
  for (std::uint64_t s = 1; s <= 500; ++s) REQUIRE(p.publish_bytes(s % 700).sequence() == s);
}

TEST_CASE("a publisher that finds the ring moved and the tail not moved finishes the rotation", "[log][rotation]") {
  const bool exclusive = GENERATE(false, true);
  LogFixture f({.exclusive = exclusive});
  auto& p = f.publisher();
  f.publish_to_block(p, 2);
  const std::uint64_t tail = seal(f);
  const std::uint64_t next = f.log().entry(f.physical_of(2)).first_sequence.load() + f.log().format().count(tail);
  std::optional<std::uint64_t> opened;
  REQUIRE(open_next(f.log(), tail, opened) == Status::ok);
  REQUIRE(opened);  // here the publisher that opened it dies
  CHECK(f.tail_block() == 2);
  CHECK(f.ring(3).linked());
  const std::uint32_t physical = f.physical_of(3);
  if (exclusive) {
    f.world.kill(p.node);
    f.header().exclusive_owner.store(0);
  }
  auto& helper = exclusive ? f.publisher() : p;
  CHECK(helper.publish("event").sequence() == next);
  CHECK(f.tail_block() == 3);
  CHECK(f.physical_of(3) == physical);
}

TEST_CASE("opening a block that is open already gives the same tail", "[log][rotation]") {
  LogFixture f;
  f.publish_to_block(f.publisher(), 2);
  const std::uint64_t tail = seal(f);
  std::optional<std::uint64_t> first, second;
  open_next(f.log(), tail, first);
  open_next(f.log(), tail, second);
  CHECK(first == f.log().format().make(3, 0, 0));
  CHECK(second == first);
}

TEST_CASE("a stale tail opens nothing", "[log][rotation]") {
  LogFixture f;
  auto& p = f.publisher();
  f.publish_to_block(p, 2);
  const std::uint64_t stale = f.log().format().make(2, f.log().block_size(), f.tail_count());
  f.publish_to_block(p, 9);
  std::optional<std::uint64_t> opened;
  CHECK(open_next(f.log(), stale, opened) == Status::ok);
  CHECK_FALSE(opened);
  CHECK(f.tail_block() == 9);
}

TEST_CASE("a publisher that loses a rotation gives its block back and clears the number in it", "[log][rotation]") {
  LogFixture f;
  auto& p = f.publisher();
  f.publish_to_block(p, 6);
  const std::uint64_t tail = seal(f);
  bool first = true;
  f.world.on_now = [&] {  // between reserving a block and linking it
    if (!first) return;
    first = false;
    p.publish("somebody else was faster");
  };
  std::optional<std::uint64_t> opened;
  CHECK(open_next(f.log(), tail, opened) == Status::ok);
  CHECK_FALSE(opened);
  unsigned holders = 0;
  for (std::uint32_t i = 0; i < f.header().backed.load(); ++i) {
    holders += f.log().entry(i).number.load() == 7;
    CHECK(f.log().entry(i).owner.load() == 0);
  }
  CHECK(holders == 1);
  CHECK(f.subscriber().drain().back().payload == "somebody else was faster");
}

TEST_CASE("the block that left the ring last is used first", "[log][rotation]") {
  LogFixture f({.blocks = 4});
  auto& p = f.publisher();
  f.publish_to_block(p, 5);
  const std::uint32_t second = f.physical_of(2);
  f.publish_to_block(p, 6);  // block 2 leaves
  CHECK(f.header().free_hint.load() == second);
  f.publish_to_block(p, 7);
  CHECK(f.physical_of(7) == second);

  SECTION("a wrong hint does no harm") {
    f.header().free_hint.store(GENERATE(as<std::uint32_t>{}, 0, 3, 700, 708, 0xffffffff));
    f.publish_to_block(p, 20);
    CHECK(f.header().backed.load() == 5);
  }
}

TEST_CASE("a protected block is never reused", "[log][rotation]") {
  LogFixture f({.blocks = 2});
  auto& p = f.publisher();
  f.publish_to_block(p, 2);
  const std::uint32_t physical = f.physical_of(2);
  const std::uint64_t node = f.new_node();
  std::function<void()> let_go;

  SECTION("a pin") {
    const unsigned port = f.place_pin(node, 2);
    let_go = [&f, port] { f.log().subscriber(port).words.pin.store(kNone); };
  }
  SECTION("a retained block") {
    const unsigned port = f.place_pin(node, 2);
    f.log().subscriber(port).retained[7].store(2);
    f.log().subscriber(port).words.pin.store(3);
    f.log().subscriber(port).words.pin.store(kNone);
    let_go = [&f, port] { f.log().subscriber(port).retained[7].store(kNone); };
  }
  SECTION("a claim") {
    const unsigned port = f.place_granted(node, 32);
    let_go = [&f, port] { f.log().publisher(port).words.where.store(kNone); };
  }
  SECTION("a reservation of a living node") {
    f.log().entry(physical).owner.store(node);
    let_go = [&f, physical] { f.log().entry(physical).owner.store(0); };
  }
  for (std::uint64_t n = 3; n < 40; ++n) {
    f.publish_to_block(p, n);
    REQUIRE(f.physical_of(n) != physical);
  }
  CHECK(f.header().backed.load() == 4);
  let_go();
  bool used = false;
  for (std::uint64_t n = 40; n < 44; ++n) {
    f.publish_to_block(p, n);
    f.header().free_hint.store(physical);
    used = used || f.physical_of(n) == physical;
  }
  CHECK(used);
}

TEST_CASE("a block that a dead node had reserved and not linked is reused", "[log][rotation]") {
  LogFixture f({.blocks = 2});
  auto& p = f.publisher();
  f.publish_to_block(p, 4);
  const auto spare = unlinked(f);
  REQUIRE(spare.size() == 1);
  const std::uint64_t node = f.new_node();
  f.log().entry(*spare.begin()).owner.store(node);
  f.log().entry(*spare.begin()).number.store(GENERATE(as<std::uint64_t>{}, 5, 6, 99));
  f.world.kill(node);
  f.publish_to_block(p, 5);
  CHECK(f.physical_of(5) == *spare.begin());
  CHECK(f.header().backed.load() == 3);
  CHECK(f.subscriber().drain().size() > 3);
}

TEST_CASE("a linked block is not reused, whatever its owner word holds", "[log][rotation]") {
  LogFixture f({.blocks = 4});
  auto& p = f.publisher();
  f.publish_to_block(p, 4);
  const std::uint64_t dead = f.new_node();
  f.world.kill(dead);
  for (std::uint64_t n = 1; n <= 4; ++n) f.log().entry(f.physical_of(n)).owner.store(dead);
  const auto before = f.physical_of(4);
  f.publish_to_block(p, 6);
  CHECK(f.physical_of(4) == before);
  std::set<std::uint32_t> physical;
  for (std::uint64_t n = 3; n <= 6; ++n) physical.insert(f.physical_of(n));
  CHECK(physical.size() == 4);
}

TEST_CASE("no block is opened under a number that a visible claim still holds", "[log][rotation]") {
  LogFixture f({.block_size = 64 << 20, .blocks = 2});  // the fewest bits for the number: 17
  auto& p = f.publisher();
  p.publish("event");
  const auto& format = f.log().format();
  const std::uint64_t node = f.new_node();
  const unsigned port = f.place_claim(node, 32, false, format.make((std::uint64_t{1} << 17) + 2, 64, 2));
  seal(f);
  CHECK(p.publish("event").status() == Status::back_pressured);
  CHECK(f.tail_block() == 1);

  SECTION("until the claim is cleared") { f.log().publisher(port).words.where.store(kNone); }
  SECTION("unless the claim's owner is dead") { f.world.kill(node); }
  CHECK(p.publish("event").sequence() == 2);
  CHECK(f.tail_block() == 2);
}

// --------------------------------------------------------------------------------------------------------- memory

TEST_CASE("without memory for a first block nothing is published", "[log][memory]") {
  const bool exclusive = GENERATE(false, true);
  LogFixture f({.exclusive = exclusive});
  f.world.memory_left = 0;
  auto& p = f.publisher();
  CHECK(p.publish("event").status() == Status::no_memory);
  CHECK(f.tail_block() == 0);
  CHECK(f.sealed());
  CHECK(f.log().publisher(p.port).words.where.load() == kNone);
  f.world.memory_left = 1;
  CHECK(p.publish("event").sequence() == 1);
}

TEST_CASE("when memory is short the oldest block is dropped early, and counted", "[log][memory]") {
  LogFixture f({.blocks = 8});
  f.world.memory_left = 4;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  for (std::uint64_t i = 1; i <= 40; ++i) REQUIRE(p.publish_bytes(kQuarter).sequence() == i);
  CHECK(f.header().backed.load() == 4);
  CHECK(f.header().dropped.load() > 0);
  const auto seen = s.drain_sequences();
  CHECK(seen.back() == 40);
  CHECK(seen.size() + s.lost() == 40);
  CHECK(seen.size() >= 7);  // of four blocks of three events, one is being filled and one may be spare
  auto& late = f.subscriber({.start = shmbus::Start::oldest()});
  CHECK(late.drain_sequences() == seen);
  CHECK(late.lost() == 0);
}

TEST_CASE("a block that a reliable subscriber needs is not dropped early", "[log][memory]") {
  LogFixture f({.blocks = 8});
  f.world.memory_left = 4;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  std::uint64_t published = 0;
  while (p.publish_bytes(kQuarter)) ++published;
  CHECK(p.publish_bytes(kQuarter).status() == Status::no_memory);
  CHECK(f.header().dropped.load() == 0);
  CHECK(s.drain().size() == published);
  CHECK(p.publish_bytes(kQuarter).sequence() == published + 1);
  CHECK(s.drain_sequences() == Sequences{published + 1});
  CHECK(s.lost() == 0);
}

TEST_CASE("blocks are dropped in order, so that the retained events have no gap", "[log][memory]") {
  LogFixture f({.blocks = 8});
  f.world.memory_left = 5;
  auto& p = f.publisher();
  auto& slow = f.subscriber();
  for (int i = 0; i < 6; ++i) REQUIRE(p.publish_bytes(kQuarter));
  CHECK(slow.poll(4).size() == 4);  // inside block 2
  for (int i = 0; i < 15; ++i) REQUIRE(p.publish_bytes(kQuarter));
  CHECK(f.header().dropped.load() > 0);
  auto& s = f.subscriber({.start = shmbus::Start::oldest(), .reliable = true});
  const auto seen = s.drain_sequences();
  CHECK(s.lost() == 0);
  CHECK(seen.back() == 21);
  CHECK(slow.drain().back().sequence == 21);
}

TEST_CASE("a ring of two blocks goes on with memory for two blocks", "[log][memory]") {
  LogFixture f({.blocks = 2});
  f.world.memory_left = 2;
  auto& p = f.publisher();
  for (std::uint64_t i = 1; i <= 40; ++i) REQUIRE(p.publish_bytes(kQuarter).sequence() == i);
  CHECK(f.subscriber().drain_sequences().back() == 40);
  auto& inside = f.subscriber();  // pins one of the two blocks
  inside.poll(1);
  while (p.publish_bytes(kQuarter)) {
  }
  CHECK(p.publish_bytes(kQuarter).status() == Status::no_memory);
  inside.drain();
  CHECK(p.publish_bytes(kQuarter));
  inside.drain();
  CHECK(inside.lost() == 0);
}

TEST_CASE("blocks that dead readers pin are freed before the log asks for more memory", "[log][memory]") {
  LogFixture f({.blocks = 2});
  auto& p = f.publisher();
  f.publish_to_block(p, 2);
  const std::uint64_t dead = f.new_node();
  const unsigned port = f.place_pin(dead, 2);
  f.publish_to_block(p, 5);
  CHECK(f.header().backed.load() == 4);
  const std::uint64_t other = f.new_node();
  f.place_pin(other, 4);
  f.world.kill(dead);
  f.world.memory_left = 0;
  f.publish_to_block(p, 8);
  CHECK(f.log().subscriber(port).owner.load() == 0);
  CHECK(f.header().repaired_ports.load() == 1);
}

TEST_CASE("a ring of two blocks goes on with memory for three blocks", "[log][memory]") {
  LogFixture f({.blocks = 2});
  f.world.memory_left = 3;
  auto& p = f.publisher();
  for (std::uint64_t i = 1; i <= 40; ++i) REQUIRE(p.publish_bytes(kQuarter).sequence() == i);
  CHECK(f.header().dropped.load() == 0);
}
