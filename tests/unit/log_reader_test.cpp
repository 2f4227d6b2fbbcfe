// Reading, being lapped, and retaining.

#include <catch2/catch.hpp>

#include <numeric>
#include <thread>

#include "support/log_fixture.hpp"

using namespace test;
using shmbus::Status;
using shmbus::log::kNone;
using Sequences = std::vector<std::uint64_t>;

namespace {

constexpr std::size_t kQuarter = 1000;  // three events in each block

void publish(TestPublisher& p, int count) {
  for (int i = 0; i < count; ++i) REQUIRE(p.publish_bytes(kQuarter));
}

Sequences range(std::uint64_t first, std::uint64_t last) {
  Sequences s(last + 1 - first);
  std::iota(s.begin(), s.end(), first);
  return s;
}

/// Reads one event and keeps its block.
int retain_one(TestSubscriber& s) {
  int slot = -2;
  s.reader->poll([&](const shmbus::detail::EventRecord&) { slot = s.reader->retain(); }, 1);
  return slot;
}

}  // namespace

TEST_CASE("a poll hands out no more than its limit", "[log][reader]") {
  LogFixture f({.blocks = 16});
  auto& p = f.publisher();
  auto& s = f.subscriber();
  publish(p, 10);
  CHECK(s.poll(0).empty());
  CHECK(s.poll(1).size() == 1);
  CHECK(s.poll(4).size() == 4);
  CHECK(s.shared().words.position.load() == 6);
  CHECK(s.shared().words.delivered.load() == 5);
  CHECK(s.poll(100).size() == 5);
  CHECK(s.poll(100).empty());
  CHECK(s.reader->delivered() == 10);
}

TEST_CASE("readers see the events of several publishers in one order", "[log][reader]") {
  LogFixture f({.blocks = 16});
  auto& a = f.publisher();
  auto& b = f.publisher();
  auto& s = f.subscriber();
  auto& t = f.subscriber();
  for (int i = 0; i < 10; ++i) {
    a.publish("a" + std::to_string(i));
    if (i % 3 == 0) b.publish("b" + std::to_string(i));
  }
  const auto seen = s.drain();
  const auto other = t.drain();
  REQUIRE(seen.size() == 14);
  REQUIRE(other.size() == 14);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    CHECK(seen[i].sequence == i + 1);
    CHECK(seen[i].payload == other[i].payload);
    CHECK(seen[i].port == (seen[i].payload[0] == 'a' ? a.port : b.port));
  }
}

TEST_CASE("an event whose handler threw is not handed out again", "[log][reader]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  publish(p, 3);
  CHECK_THROWS(s.reader->poll([](const shmbus::detail::EventRecord&) { throw 1; }, 10));
  CHECK(s.shared().words.position.load() == 2);
  CHECK(s.drain_sequences() == range(2, 3));
}

TEST_CASE("a lapped subscriber counts every event it missed", "[log][reader]") {
  const auto blocks = GENERATE(as<std::uint32_t>{}, 2, 4, 8);
  const bool exclusive = GENERATE(false, true);
  LogFixture f({.blocks = blocks, .exclusive = exclusive});
  auto& p = f.publisher();
  auto& s = f.subscriber();
  std::uint64_t published = 0, seen = 0, last = 0;
  for (int round = 0; round < 20; ++round) {
    publish(p, round * 7);
    published += static_cast<std::uint64_t>(round) * 7;
    for (const std::uint64_t sequence : s.drain_sequences()) {
      REQUIRE(sequence > last);
      last = sequence;
      ++seen;
    }
    REQUIRE(last == published);
    REQUIRE(seen + s.lost() == published);
  }
  CHECK(s.lost() > 0);
  CHECK(s.shared().words.lost.load() == s.lost());
  CHECK(s.shared().lapped.load() > 0);
}

TEST_CASE("a lapped subscriber finishes the block it is inside, then goes to the oldest", "[log][reader]") {
  LogFixture f({.blocks = 4});
  auto& p = f.publisher();
  auto& s = f.subscriber();
  publish(p, 3);
  CHECK(s.poll(1).size() == 1);  // inside block 1
  publish(p, 30);                // block 11 is the newest, 8 the oldest: 22 is its first
  CHECK(s.drain_sequences() == Sequences{2, 3, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33});
  CHECK(s.lost() == 18);
  CHECK(s.shared().lapped.load() > 0);
}

TEST_CASE("a subscriber at the end of a block is lapped when the next block leaves the ring", "[log][reader]") {
  LogFixture f({.blocks = 2});
  auto& p = f.publisher();
  auto& s = f.subscriber();
  publish(p, 3);
  CHECK(s.drain().size() == 3);
  CHECK(s.shared().words.pin.load() == 1);  // its block is not sealed yet
  publish(p, 1);
  CHECK(s.drain_sequences() == Sequences{4});
  CHECK(s.shared().words.pin.load() == 2);
  publish(p, 8);                               // 12, in block 4
  CHECK(s.drain_sequences() == range(5, 12));  // block 3 has not left the ring
  CHECK(s.lost() == 0);
  publish(p, 3 * 3);  // 21, in block 7
  CHECK(s.drain_sequences() == range(16, 21));
  CHECK(s.lost() == 3);
}

TEST_CASE("only the events of a block that was dropped early are lost", "[log][reader]") {
  LogFixture f({.blocks = 4});
  auto& p = f.publisher();
  auto& s = f.subscriber();
  publish(p, 12);
  s.poll(1);
  f.log().slot(2).store(shmbus::layout::RingEntry(2, shmbus::layout::RingEntry::kNoBlock).word());
  CHECK(s.drain_sequences() == Sequences{2, 3, 7, 8, 9, 10, 11, 12});
  CHECK(s.lost() == 3);
}

TEST_CASE("a placed port is adopted at the position it pins", "[log][reader]") {
  LogFixture f;
  const std::uint64_t node = f.new_node();
  const unsigned port = f.place_pin(node, 1, true);
  f.log().subscriber(port).words.position.store(1);
  auto& p = f.publisher();
  publish(p, 12);
  CHECK(p.publish_bytes(kQuarter).status() == Status::back_pressured);
  NodeEnvironment environment(f.world, node);
  shmbus::log::BlockLog log(f.memory.control(), f.memory.blocks(), f.memory.geometry(), environment);
  shmbus::log::Reader reader(log, port);
  reader.adopt();
  std::uint64_t next = 1;
  reader.poll([&](const shmbus::detail::EventRecord& r) { CHECK(r.sequence == next++); }, 100);
  CHECK(next == 13);
  CHECK(reader.lost() == 0);
}

TEST_CASE("ready() finds a committed record, and look() finds anything to do", "[log][reader]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  CHECK_FALSE(s.reader->ready());
  CHECK_FALSE(s.reader->look());
  publish(p, 1);
  CHECK(s.reader->ready());
  CHECK(s.reader->look());
  s.drain();
  CHECK_FALSE(s.reader->ready());
  const std::uint64_t dead = f.new_node();
  f.place_granted(dead, 32);
  f.world.kill(dead);
  CHECK_FALSE(s.reader->ready());
  s.reader->look();  // repairs the claim
  CHECK(s.reader->ready());
}

// ---------------------------------------------------------------------------------------------------------- retaining

TEST_CASE("a retained block is not reused until it is released", "[log][retain]") {
  LogFixture f({.blocks = 2});
  auto& p = f.publisher();
  auto& s = f.subscriber();
  publish(p, 1);
  const std::byte* payload = nullptr;
  int slot = -1;
  s.reader->poll(
      [&](const shmbus::detail::EventRecord& r) {
        payload = r.payload;
        slot = s.reader->retain();
      },
      1);
  REQUIRE(slot >= 0);
  CHECK(s.shared().retained[slot].load() == 1);
  const std::uint32_t physical = f.physical_of(1);
  for (std::uint64_t n = 2; n < 30; ++n) {
    f.publish_to_block(p, n);
    s.drain();
    REQUIRE(f.physical_of(n) != physical);
  }
  CHECK(std::string(reinterpret_cast<const char*>(payload), kQuarter) == std::string(kQuarter, 'x'));
  std::thread([&] { s.reader->release(slot); }).join();
  CHECK(s.shared().retained[slot].load() == kNone);
  f.header().free_hint.store(physical);
  f.publish_to_block(p, 30);
  CHECK(f.physical_of(30) == physical);
}

TEST_CASE("events of one block share a slot", "[log][retain]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  publish(p, 3);
  const int first = retain_one(s), second = retain_one(s), third = retain_one(s);
  CHECK(first == second);
  CHECK(second == third);
  s.reader->release(first);
  s.reader->release(second);
  CHECK(s.shared().retained[first].load() == 1);
  s.reader->release(third);
  CHECK(s.shared().retained[first].load() == kNone);
}

TEST_CASE("a ninth block can't be retained: there are eight slots", "[log][retain]") {
  LogFixture f({.blocks = 16});
  auto& p = f.publisher();
  auto& s = f.subscriber();
  publish(p, 30);
  std::vector<int> slots;
  for (int block = 0; block < 8; ++block) {
    slots.push_back(retain_one(s));
    CHECK(slots.back() >= 0);
    s.poll(2);
  }
  CHECK(retain_one(s) == -1);
  s.reader->release(slots[3]);
  CHECK(retain_one(s) == slots[3]);
  CHECK(s.shared().retained[slots[3]].load() == 9);
}

TEST_CASE("a retained event does not gate", "[log][retain]") {
  LogFixture f({.blocks = 2});
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  publish(p, 4);
  CHECK(retain_one(s) >= 0);
  s.drain();
  for (int i = 0; i < 20; ++i) {
    publish(p, 1);
    s.drain();
  }
  CHECK(s.lost() == 0);
}
