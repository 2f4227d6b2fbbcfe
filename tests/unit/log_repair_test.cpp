// What dead members leave is repaired, by any member and any number of times.

#include <catch2/catch.hpp>

#include "log/ports.hpp"
#include "log/repair.hpp"
#include "support/log_fixture.hpp"

using namespace test;
using shmbus::layout::kRepairing;
using shmbus::log::kNone;
using shmbus::log::Repair;
using shmbus::log::repair_all;
using shmbus::log::repair_publisher;
using shmbus::log::repair_subscriber;
using Sequences = std::vector<std::uint64_t>;

TEST_CASE("ports of living nodes and free ports are not repaired", "[log][repair]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  const auto c = p.claim(8);
  CHECK(repair_publisher(f.log(), p.port) == Repair::nothing);
  CHECK(repair_subscriber(f.log(), s.port) == Repair::nothing);
  CHECK(repair_publisher(f.log(), 17) == Repair::nothing);
  const auto count = repair_all(f.log());
  CHECK(count.publishers == 0);
  CHECK(count.subscribers == 0);
  p.writer->commit(c);
  CHECK(s.drain().size() == 1);
}

TEST_CASE("repair is idempotent", "[log][repair]") {
  LogFixture f;
  auto& p = f.publisher();
  p.publish("event");
  const std::size_t claim_offset = f.tail_offset();
  const std::uint64_t dead = f.new_node();
  const unsigned port = f.place_granted(dead, 32);
  f.place_pin(dead, 1);
  f.world.kill(dead);
  const auto first = repair_all(f.log());
  CHECK(first.publishers == 1);
  CHECK(first.subscribers == 1);
  CHECK(f.aborted(1, claim_offset));
  const auto second = repair_all(f.log());
  CHECK(second.publishers == 0);
  CHECK(second.subscribers == 0);
  CHECK(f.log().publisher(port).owner.load() == 0);
  CHECK(f.header().repaired_claims.load() == 1);
}

TEST_CASE("of two repairers at one time, one does the repair", "[log][repair]") {
  LogFixture f;
  auto& p = f.publisher();
  p.publish("event");
  const std::size_t claim_offset = f.tail_offset();
  const std::uint64_t dead = f.new_node();
  const unsigned port = f.place_granted(dead, 32);
  f.world.kill(dead);
  auto& other = f.publisher();
  Repair second = Repair::nothing;
  bool inside = false;
  f.world.on_alive = [&] {
    if (inside || f.log().publisher(port).owner.load() == dead) return;
    inside = true;  // the first repairer has marked the port
    second = repair_publisher(other.log, port);
  };
  CHECK(repair_publisher(f.log(), port) == Repair::done);
  CHECK(second == Repair::postponed);
  CHECK(f.aborted(1, claim_offset));
  CHECK(f.header().repaired_claims.load() == 1);
  CHECK(f.header().repaired_ports.load() == 1);
}

TEST_CASE("when a repairer dies, another one finishes its work", "[log][repair]") {
  LogFixture f;
  auto& p = f.publisher();
  p.publish("event");
  const std::size_t claim_offset = f.tail_offset();
  const std::uint64_t dead = f.new_node(), repairer = f.new_node();
  const unsigned port = f.place_granted(dead, 32);
  const unsigned pin = f.place_pin(dead, 1, true);
  f.world.kill(dead);
  f.log().publisher(port).owner.store(repairer | kRepairing);
  f.log().subscriber(pin).owner.store(repairer | kRepairing);
  CHECK(repair_publisher(f.log(), port) == Repair::postponed);
  CHECK(repair_subscriber(f.log(), pin) == Repair::postponed);
  f.world.kill(repairer);

  SECTION("it had marked the port only") {}
  SECTION("it had written the size") { f.record(1, claim_offset).meta.store(32); }
  SECTION("it had aborted the record") {
    f.record(1, claim_offset).meta.store(32);
    f.record(1, claim_offset).key.store(~f.key_of(1));
  }
  SECTION("it had cleared the claim") {
    f.record(1, claim_offset).meta.store(32);
    f.record(1, claim_offset).key.store(~f.key_of(1));
    f.log().publisher(port).words.where.store(kNone);
    f.header().publishers.fetch_and(~(std::uint64_t{1} << port));
  }
  CHECK(repair_publisher(f.log(), port) == Repair::done);
  CHECK(repair_subscriber(f.log(), pin) == Repair::done);
  CHECK(f.aborted(1, claim_offset));
  CHECK(f.log().publisher(port).owner.load() == 0);
  CHECK(f.log().subscriber(pin).owner.load() == 0);
  p.publish("event");
  CHECK(f.subscriber().drain_sequences() == Sequences{1, 3});
}

TEST_CASE("a dead publisher's record is ignored, aborted or committed, depending on where the publisher stopped",
          "[log][repair]") {
  LogFixture f;
  auto& p = f.publisher();
  p.publish("event");
  const std::size_t at = f.tail_offset();
  const std::uint64_t dead = f.new_node();
  auto& port = f.log().publisher(f.place_claim(dead, 32));
  const auto& format = f.log().format();
  Sequences expected;

  SECTION("before it stored the claim's place: ignored") {
    port.words.where.store(kNone);
    expected = {1, 2};
  }
  SECTION("between storing the claim's two words: ignored") {
    port.words.what.store(shmbus::layout::ClaimWord(format.make(1, at + 8, 1), 0, false, 32).word());
    expected = {1, 2};
  }
  SECTION("before the tail moved: ignored") { expected = {1, 2}; }
  SECTION("before the key: aborted") {
    f.place_tail(format.after(f.log().tail().load(), 32));
    expected = {1, 3};
  }
  SECTION("after the key: committed") {
    f.place_tail(format.after(f.log().tail().load(), 32));
    f.record(1, at).meta.store(32);
    f.record(1, at).key.store(f.key_of(1));
    expected = {1, 2, 3};
  }
  SECTION("after the key, the claim cleared: committed") {
    f.place_tail(format.after(f.log().tail().load(), 32));
    f.record(1, at).meta.store(32);
    f.record(1, at).key.store(f.key_of(1));
    port.words.where.store(kNone);
    expected = {1, 2, 3};
  }
  f.world.kill(dead);
  const auto count = repair_all(f.log());
  CHECK(count.publishers == 1);
  CHECK(port.words.where.load() == kNone);
  CHECK(port.owner.load() == 0);
  CHECK(p.publish("event"));
  CHECK(f.subscriber().drain_sequences() == expected);
}

TEST_CASE("a dead publisher's claim in a block that was reused meanwhile is ignored", "[log][repair]") {
  LogFixture f({.blocks = 2});
  auto& p = f.publisher();
  p.publish("event");
  const std::uint64_t where = f.log().tail().load();
  const std::uint32_t physical = f.physical_of(1);
  f.publish_to_block(p, 8);
  const std::uint64_t dead = f.new_node();
  const unsigned port = f.place_claim(dead, 32, false, where);
  f.log().publisher(port).words.what.store(shmbus::layout::ClaimWord(where, physical, false, 32).word());
  f.world.kill(dead);
  CHECK(repair_publisher(f.log(), port) == Repair::done);
  CHECK(f.header().repaired_claims.load() == 0);
  CHECK(f.subscriber().drain().size() > 2);
}

TEST_CASE("a dead subscriber's pins, slots and waiter bit are cleared", "[log][repair]") {
  LogFixture f;
  auto& s = f.subscriber({.reliable = true});
  s.shared().retained[3].store(1);
  f.header().words.waiters.store(std::uint64_t{1} << s.port);
  f.world.kill(s.node);
  CHECK(repair_subscriber(f.log(), s.port) == Repair::done);
  CHECK(s.shared().words.pin.load() == kNone);
  CHECK(s.shared().retained[3].load() == kNone);
  CHECK(s.shared().mode.load() == 0);
  CHECK(f.header().words.waiters.load() == 0);
  CHECK(f.header().subscribers.load() == 0);
}

TEST_CASE("a new publisher takes a dead publisher's port when none is free", "[log][repair]") {
  LogFixture f;
  for (unsigned i = 0; i < shmbus::layout::kMaxPublishers; ++i) f.publisher();
  for (unsigned i = 0; i < shmbus::layout::kMaxSubscribers; ++i) f.subscriber();
  CHECK_FALSE(shmbus::log::attach_publisher(f.log()));
  CHECK_FALSE(shmbus::log::attach_subscriber(f.log(), {.node = 5}, kNone, 0));
  f.world.kill(f.log().publisher(40).owner.load());
  f.world.kill(f.log().subscriber(41).owner.load());
  CHECK(shmbus::log::attach_publisher(f.log()) == 40u);
  CHECK(shmbus::log::attach_subscriber(f.log(), {.node = 5}, kNone, 0) == 41u);
}

// ---------------------------------------------------------------------------------------------------------- exclusive

TEST_CASE("only one living node has the exclusive right", "[log][exclusive]") {
  LogFixture f({.exclusive = true});
  auto& p = f.publisher();
  std::uint64_t owner = 0;
  CHECK_FALSE(shmbus::log::take_exclusive(f.log(), owner));
  CHECK(owner == p.node);
  f.world.kill(p.node);
  CHECK(shmbus::log::take_exclusive(f.log(), owner));
  shmbus::log::leave_exclusive(f.log());
  CHECK(f.header().exclusive_owner.load() == 0);
}

TEST_CASE("repair of a dead exclusive publisher frees the right", "[log][exclusive]") {
  LogFixture f({.exclusive = true});
  auto& p = f.publisher();
  f.world.kill(p.node);
  repair_all(f.log());
  CHECK(f.header().exclusive_owner.load() == 0);
}

TEST_CASE("an exclusive publisher finds the end of the log that a dead one left", "[log][exclusive]") {
  LogFixture f({.exclusive = true});
  auto& s = f.subscriber({.reliable = true});
  auto& p = f.publisher();
  p.publish("1");
  const std::uint64_t one = f.log().tail().load();
  std::uint64_t next = 2;

  SECTION("between payload and key") { p.claim(100); }
  SECTION("between key and tail") {
    p.publish("2");
    f.place_tail(one);
    next = 3;
  }
  SECTION("its tail never moved") {
    p.publish("2");
    p.publish("3");
    f.place_tail(f.log().format().make(1, 0, 0));
    next = 4;
  }
  SECTION("between the padding's key and the tail") {
    f.fill_block(p, 500);
    const std::uint64_t full = f.log().tail().load();
    next = f.log().format().count(full) + 1;
    auto& r = f.record(1, f.tail_offset());
    const auto rest = static_cast<std::uint32_t>(f.log().block_size() - f.tail_offset());
    r.meta.store(shmbus::layout::RecordMeta{rest, 0, shmbus::layout::kPadding}.word());
    r.key.store(f.key_of(1));
  }
  f.world.kill(p.node);
  auto& successor = f.publisher();
  CHECK(successor.publish("next").sequence() == next);
  CHECK(s.drain().size() == next);
  CHECK(s.lost() == 0);
  CHECK(s.reader->next_sequence() == next + 1);
}

TEST_CASE("an exclusive publisher finds the end in a full block without padding", "[log][exclusive]") {
  LogFixture f({.exclusive = true});
  auto& p = f.publisher();
  p.publish_bytes(f.log().max_payload());
  f.place_tail(f.log().format().make(1, 0, 0));
  f.world.kill(p.node);
  auto& successor = f.publisher();
  CHECK(f.tail_offset() == f.log().block_size() - 16);
  CHECK(successor.publish_bytes(f.log().max_payload()).sequence() == 2);
  CHECK(f.subscriber().drain_sequences() == Sequences{1, 2});
}

TEST_CASE("a claim in a block that the tail has not reached was never granted", "[log][repair]") {
  // Its publisher read a tail value long ago. Since then the block's number came round again: the block is linked, and the
  // tail has not moved.
  LogFixture f;
  f.publish_to_block(f.publisher(), 2);
  const auto& format = f.log().format();
  const std::uint64_t begin = format.make(2, 0, 0);
  f.record(2, 0).key.store(0);
  f.place_tail(format.make(1, f.log().block_size(), 1));
  const std::uint64_t dead = f.new_node();
  const bool padding = GENERATE(false, true);
  const unsigned port = f.place_claim(dead, padding ? f.log().block_size() : 64, padding, begin);
  f.log().publisher(port).words.what.store(
      shmbus::layout::ClaimWord(begin, f.physical_of(2), padding, padding ? f.log().block_size() : 64).word());
  f.world.kill(dead);
  CHECK(repair_publisher(f.log(), port) == Repair::done);
  CHECK(f.record(2, 0).key.load() == 0);
  CHECK(f.log().publisher(port).words.where.load() == kNone);
}
