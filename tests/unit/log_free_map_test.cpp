// The map of free blocks: what it finds, what it may miss, and that the cost does not grow with the number of blocks.

#include "log/free_map.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "log/gate.hpp"
#include "log/ports.hpp"
#include "support/log_fixture.hpp"

using namespace test;
using shmbus::Status;
using shmbus::log::kNone;
using shmbus::log::list_free;
using shmbus::log::listed_free;
using shmbus::log::take_any_listed;
using shmbus::log::take_listed;

namespace {

constexpr std::size_t kQuarter = 1000;

bool in_ring(const LogFixture& f, std::uint32_t physical) {
  const std::uint64_t number = f.log().entry(physical).number.load();
  return number != kNone && f.ring(number).holds(number) && f.ring(number).physical() == physical;
}

/// Blocks that a rotation could take, by looking at all of them.
unsigned free_blocks(const LogFixture& f) {
  unsigned free = 0;
  for (std::uint32_t p = 0; p < f.header().backed.load(); ++p) {
    const std::uint64_t owner = f.log().entry(p).owner.load();
    free += (owner == 0 || !f.world.alive(owner)) && !in_ring(f, p) && !shmbus::log::pinned(f.log(), p);
  }
  return free;
}

}  // namespace

TEST_CASE("each listed block is found once, and no other block is found", "[log][free]") {
  LogFixture f({.blocks = GENERATE(as<std::uint32_t>{}, 2, 64, 4096)});
  const std::uint32_t last = f.log().geometry().physical_blocks - 1;
  CHECK_FALSE(take_any_listed(f.log()));
  const std::set<std::uint32_t> blocks{0, 1, 63, 64, 65, 511, last - 1, last};
  for (const std::uint32_t p : blocks) {
    CHECK_FALSE(take_listed(f.log(), p));
    list_free(f.log(), p);
    list_free(f.log(), p);
    CHECK(listed_free(f.log(), p));
  }
  list_free(f.log(), last + 1);
  list_free(f.log(), ~std::uint32_t{0});
  CHECK(take_listed(f.log(), 64));
  std::set<std::uint32_t> taken{64};
  while (const auto p = take_any_listed(f.log())) CHECK(taken.insert(*p).second);
  CHECK(taken == blocks);
}

TEST_CASE("a stale bit in the summary is cleared by the first search", "[log][free]") {
  LogFixture f({.blocks = 4096});
  list_free(f.log(), 4000);
  f.log().free_map()[0].fetch_or(0x7);
  CHECK(take_any_listed(f.log()) == 4000u);
  CHECK((f.log().free_map()[0].load() & 0x7) == 0);
}

TEST_CASE("a rotation examines few blocks, however many there are", "[log][free]") {
  const auto blocks = GENERATE(as<std::uint32_t>{}, 16, 1024);
  LogFixture f({.blocks = blocks});
  auto& p = f.publisher();
  const std::uint64_t laps = 2 * blocks;
  f.publish_to_block(p, laps);
  // A reader has left a block outside the ring, and stays inside the block that leaves next. Each block of the ring looks
  // reserved by a living node.
  const std::uint64_t node = f.new_node();
  const unsigned port = f.place_pin(node, laps - blocks + 1);
  const std::uint32_t spare = f.physical_of(laps - blocks + 1);
  f.publish_to_block(p, laps + 3);
  f.log().subscriber(port).words.pin.store(laps + 4 - blocks);
  list_free(f.log(), spare);
  for (std::uint32_t i = 0; i < f.header().backed.load(); ++i) {
    if (in_ring(f, i)) f.log().entry(i).owner.store(node);
  }
  unsigned asked = 0;
  f.world.on_alive = [&] { ++asked; };
  f.publish_to_block(p, laps + 4);
  f.publish_to_block(p, laps + 5);
  f.world.on_alive = {};
  CHECK(asked <= 32);
}

TEST_CASE("a full ring gets no more memory while one of its blocks is free", "[log][free][memory]") {
  const auto blocks = GENERATE(as<std::uint32_t>{}, 2, 8, 64);
  const bool exclusive = GENERATE(false, true);
  std::mt19937_64 random(Catch::rngSeed());
  LogFixture f({.blocks = blocks, .exclusive = exclusive});
  TestPublisher* p = &f.publisher();
  std::vector<TestSubscriber*> readers;
  std::vector<std::pair<TestSubscriber*, int>> retained;
  unsigned wrong = 0, backings = 0;
  std::uint32_t most = 0;
  f.world.on_back = [&] {
    ++backings;
    wrong += f.header().backed.load() > blocks && free_blocks(f) != 0;
  };
  const auto kill = [&](TestSubscriber* reader) {
    f.world.kill(reader->node);
    std::erase(readers, reader);
    std::erase_if(retained, [&](const auto& r) { return r.first == reader; });
  };
  for (int i = 0; i < 6'000; ++i) {
    REQUIRE(p->publish_bytes(kQuarter));
    if (readers.size() < 5 && random() % 8 == 0) readers.push_back(&f.subscriber());
    if (readers.empty()) continue;
    TestSubscriber* reader = readers[random() % readers.size()];
    switch (random() % 16) {
      case 0:  // the reader ends or dies, with what it retains
        if (random() % 4 == 0) kill(reader);
        break;
      case 1:
      case 2:  // lapped readers go on
        reader->poll(1 + random() % 20);
        break;
      case 3:
        if (reader->reader->delivered() != 0) {
          const int slot = reader->reader->retain();
          if (slot >= 0) retained.emplace_back(reader, slot);
        }
        break;
      case 4:
        if (!retained.empty()) {
          retained.front().first->reader->release(retained.front().second);
          retained.erase(retained.begin());
        }
        break;
      case 5: {  // a publisher dies with a block reserved
        for (std::uint32_t b = 0; b < f.header().backed.load() && random() % 8 == 0; ++b) {
          if (in_ring(f, b) || f.log().entry(b).owner.load() != 0 || shmbus::log::pinned(f.log(), b)) continue;
          const std::uint64_t dead = f.new_node();
          take_listed(f.log(), b);
          f.log().entry(b).owner.store(dead);
          f.world.kill(dead);
          break;
        }
        break;
      }
      default:
        break;
    }
    most = std::max(most, f.header().backed.load());
  }
  CHECK(wrong == 0);
  CHECK(backings == f.header().backed.load());
  // The ring, one block to rotate into, and the pin and slots of each reader that lives at one time. Pins and slots of dead
  // readers are cleared before more blocks are backed.
  CHECK(most <= blocks + 1 + 5 * 9);
}

TEST_CASE("a block that a dead process had reserved is listed before the ring has come round", "[log][free]") {
  LogFixture f({.blocks = 64});
  auto& p = f.publisher();
  f.publish_to_block(p, 70);
  f.place_pin(f.new_node(), 70 - 63);  // keeps a block out of the ring, so that there is one more
  f.publish_to_block(p, 80);
  std::uint32_t leaked = 0;
  while (in_ring(f, leaked) || shmbus::log::pinned(f.log(), leaked)) ++leaked;
  const std::uint64_t dead = f.new_node();
  take_listed(f.log(), leaked);
  f.log().entry(leaked).owner.store(dead);
  f.world.kill(dead);
  const std::uint32_t backed = f.header().backed.load();
  f.publish_to_block(p, 80 + 64 / 2);
  CHECK((listed_free(f.log(), leaked) || in_ring(f, leaked)));
  CHECK(f.header().backed.load() <= backed + 1);
}

TEST_CASE("a reader lists the blocks that it was the last to hold", "[log][free]") {
  LogFixture f({.blocks = 4});
  auto& p = f.publisher();
  f.publish_to_block(p, 2);
  auto& s = f.subscriber();
  REQUIRE(s.poll(1).size() == 1);
  const std::uint32_t physical = f.physical_of(1);
  int slot = -1;

  SECTION("by its pin") {}
  SECTION("by a retained event") {
    slot = s.reader->retain();
    REQUIRE(slot >= 0);
  }
  f.publish_to_block(p, 12);
  CHECK_FALSE(listed_free(f.log(), physical));
  s.drain();
  if (slot >= 0) {
    f.publish_to_block(p, 20);
    CHECK_FALSE(listed_free(f.log(), physical));
    s.reader->release(slot);
  }
  CHECK(listed_free(f.log(), physical));
}

TEST_CASE("a map of any bytes does not make a log take more memory or lose events", "[log][free]") {
  LogFixture f({.blocks = 8});
  auto& p = f.publisher();
  f.publish_to_block(p, 20);
  const std::uint32_t backed = f.header().backed.load();
  const std::uint64_t bytes = GENERATE(std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{0x8000'0000'0000'0001});
  const std::size_t words = (f.log().geometry().block_table_offset - f.log().geometry().free_map_offset) / 8;
  auto& s = f.subscriber();
  for (std::uint64_t n = 21; n < 60; ++n) {
    for (std::size_t i = 0; i < words; ++i) f.log().free_map()[i].store(bytes);
    f.header().searched.store(static_cast<std::uint32_t>(bytes));
    f.header().opening.store(bytes);
    f.publish_to_block(p, n);
    s.drain();
  }
  CHECK(s.lost() == 0);
  CHECK(f.header().backed.load() <= backed + 1);
}

TEST_CASE("a lossy reader's retained events can't stop a topic that reserved its memory", "[log][memory]") {
  LogFixture f({.blocks = 4});
  f.header().reserves.store(1);
  f.world.memory_left = 4 + 2;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  for (std::uint64_t i = 1; i <= 200; ++i) {
    REQUIRE(p.publish_bytes(kQuarter).sequence() == i);
    s.poll(1);
    CHECK(s.reader->retain() == -1);  // a copy
  }
  CHECK(s.lost() == 0);
}

TEST_CASE("a publish succeeds though another publisher has just dropped the oldest block for want of memory",
          "[log][memory]") {
  LogFixture f({.blocks = 4});
  f.world.memory_left = 4;
  auto& p = f.publisher();
  f.publish_to_block(p, 4);
  // A dead reliable reader needs the oldest block: a publisher that wants to drop the block asks whether the reader lives.
  const std::uint64_t dead = f.new_node();
  f.place_pin(dead, 1, true);
  f.world.kill(dead);
  bool first = true;
  f.world.on_alive = [&] {
    if (!first || f.world.memory_left != 0 || f.header().backed.load() != 4) return;
    first = false;
    const std::uint64_t oldest = 1;
    f.log().slot(oldest).store(shmbus::layout::RingEntry(oldest, shmbus::layout::RingEntry::kNoBlock).word());
  };
  for (int i = 0; i < 20; ++i) REQUIRE(p.publish_bytes(kQuarter).status() == Status::ok);
}
