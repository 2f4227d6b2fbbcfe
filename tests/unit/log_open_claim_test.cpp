// What a reader does at a claim that is neither committed nor aborted.

#include <catch2/catch.hpp>

#include <chrono>
#include <thread>
#include <vector>

#include "support/log_fixture.hpp"

using namespace test;
using shmbus::Status;
using Sequences = std::vector<std::uint64_t>;

namespace {

constexpr std::size_t kStride = 32;  // the record size of an event of 8 bytes, with time stamps
constexpr std::size_t kSize = 8;

/// Lets enough time pass for the reader to ask again whether an open claim's owner lives.
void ask_again(LogFixture& f) { f.world.pass_time(100'000); }

}  // namespace

TEST_CASE("a dead publisher's open claim becomes an aborted record", "[log][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  p.publish_bytes(kSize);
  const std::size_t claim_offset = f.tail_offset();
  const std::uint64_t node = f.new_node();
  const unsigned port = f.place_granted(node, kStride);
  p.publish_bytes(kSize);
  CHECK(s.drain_sequences() == Sequences{1});
  f.world.kill(node);
  ask_again(f);
  CHECK(s.drain_sequences() == Sequences{3});
  CHECK(s.lost() == 0);
  CHECK(f.aborted(1, claim_offset));
  CHECK(f.meta(1, claim_offset).size == kStride);
  CHECK(f.meta(1, claim_offset).port == port);
  CHECK(f.meta(1, claim_offset).flags == 0);
  CHECK(f.log().publisher(port).words.where.load() == shmbus::log::kNone);
  CHECK(f.log().publisher(port).owner.load() == 0);
  CHECK((f.header().publishers.load() >> port & 1) == 0);
  CHECK(f.header().repaired_claims.load() == 1);
  CHECK(f.header().repaired_ports.load() == 1);
}

TEST_CASE("a dead publisher's unfinished seal becomes committed padding", "[log][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  p.publish_bytes(kSize);
  const std::size_t claim_offset = f.tail_offset();
  const std::uint64_t node = f.new_node();
  f.place_granted(node, f.log().block_size() - claim_offset, true);
  CHECK(f.sealed());
  f.world.kill(node);
  p.publish_bytes(kSize);
  CHECK(f.tail_block() == 2);
  CHECK(s.drain_sequences() == Sequences{1, 2});
  CHECK(f.committed(1, claim_offset));
  CHECK(f.meta(1, claim_offset).size == f.log().block_size() - claim_offset);
  CHECK(f.meta(1, claim_offset).flags == shmbus::layout::kPadding);
  CHECK(s.lost() == 0);
}

TEST_CASE("the end of the log is no open claim", "[log][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  p.publish_bytes(kSize);
  CHECK(s.drain_sequences() == Sequences{1});
  f.world.pass_time(10 * f.world.stall_limit_ns);
  CHECK(s.drain().empty());
  CHECK_FALSE(s.reader->at_open_claim());
  CHECK(s.status() == Status::ok);
}

TEST_CASE("a lossy reader waits for a living publisher's open claim, then steps over it and counts it as lost",
          "[log][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& slow = f.publisher();
  auto& s = f.subscriber();
  p.publish_bytes(kSize);
  const auto claim = slow.claim(kSize);
  p.publish_bytes(kSize);
  CHECK(s.drain_sequences() == Sequences{1});
  CHECK(s.reader->at_open_claim());
  f.world.pass_time(f.world.stall_limit_ns / 2);
  CHECK(s.drain().empty());
  CHECK(s.lost() == 0);
  f.world.pass_time(f.world.stall_limit_ns);
  CHECK(s.drain_sequences() == Sequences{3});
  CHECK(s.lost() == 1);
  CHECK_FALSE(s.reader->at_open_claim());

  SECTION("the late commit succeeds, and other readers see it") {
    slow.writer->commit(claim);
    CHECK(f.subscriber().drain_sequences() == Sequences{1, 2, 3});
    CHECK(s.drain().empty());
  }
}

TEST_CASE("a reliable reader never steps over a living publisher's open claim", "[log][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& slow = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  const auto claim = slow.claim(kSize);
  p.publish_bytes(kSize);
  for (int i = 0; i < 100; ++i) {
    f.world.pass_time(f.world.stall_limit_ns);
    REQUIRE(s.drain().empty());
  }
  CHECK(s.lost() == 0);
  CHECK(s.status() == Status::ok);
  slow.writer->commit(claim);
  CHECK(s.drain_sequences() == Sequences{1, 2});
}

TEST_CASE("a reader steps over a living publisher's unfinished seal without a loss", "[log][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  p.publish_bytes(kSize);
  f.place_granted(f.new_node(), f.log().block_size() - f.tail_offset(), true);
  p.publish_bytes(kSize);
  CHECK(s.drain_sequences() == Sequences{1});
  f.world.pass_time(2 * f.world.stall_limit_ns);
  CHECK(s.drain_sequences() == Sequences{2});
  CHECK(s.lost() == 0);
}

TEST_CASE("the wait for an open claim counts from the moment the reader came to it", "[log][open_claim]") {
  LogFixture f;
  auto& first = f.publisher();
  auto& second = f.publisher();
  auto& s = f.subscriber();
  const auto one = first.claim(kSize);
  const auto two = second.claim(kSize);
  CHECK(s.drain().empty());
  CHECK(s.reader->at_open_claim());
  f.world.pass_time(f.world.stall_limit_ns * 3 / 4);
  first.writer->commit(one);
  CHECK(s.drain_sequences() == Sequences{1});
  f.world.pass_time(f.world.stall_limit_ns * 3 / 4);  // more than the limit since the first claim, less since the second
  CHECK(s.drain().empty());
  CHECK(s.lost() == 0);
  second.writer->commit(two);
  CHECK(s.drain_sequences() == Sequences{2});
  CHECK(s.status() == Status::ok);
}

TEST_CASE("a commit between a reader's looks at the key and at the claims does not make the log corrupt",
          "[log][open_claim]") {
  LogFixture f;
  auto& slow = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  const auto claim = slow.claim(kSize);
  CHECK(s.drain().empty());
  f.world.pass_time(2 * f.world.stall_limit_ns);
  bool open = true;
  f.world.on_monotonic = [&] {
    if (open) slow.writer->commit(claim);
    open = false;
  };
  const auto seen = s.drain_sequences();
  CHECK(s.status() == Status::ok);
  CHECK(seen == Sequences{1});
}

TEST_CASE("a claim that was never granted is forgotten", "[log][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  p.publish_bytes(kSize);
  const std::uint64_t node = f.new_node();

  SECTION("the tail has not moved") {
    const unsigned port = f.place_claim(node, kStride);
    f.world.kill(node);
    f.publisher();  // takes another port
    p.publish_bytes(kSize);
    CHECK(f.subscriber().drain_sequences() == Sequences{1, 2});
    CHECK(f.log().publisher(port).owner.load() == node);  // no publisher needed this port
  }
  SECTION("another publisher was granted that record, and committed it") {
    f.place_claim(node, 2 * kStride);
    f.world.kill(node);
    p.publish_bytes(kSize);
    p.publish_bytes(kSize);
    CHECK(f.subscriber().drain_sequences() == Sequences{1, 2, 3});
  }
}

TEST_CASE("of several claims of one size, a reader waits for the living publisher's", "[log][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  p.publish_bytes(kSize);
  const std::uint64_t dead = f.new_node();
  const std::uint64_t living = f.new_node();
  const unsigned living_port = f.place_claim(living, kStride);
  f.place_granted(dead, kStride);
  f.world.kill(dead);
  p.publish_bytes(kSize);
  CHECK(s.drain_sequences() == Sequences{1});
  for (int i = 0; i < 10; ++i) {
    ask_again(f);
    REQUIRE(s.drain().empty());
  }
  f.log().publisher(living_port).words.where.store(shmbus::log::kNone);  // the living publisher lost, and tries again elsewhere
  ask_again(f);
  CHECK(s.drain_sequences() == Sequences{3});
}

TEST_CASE("of several claims of one size whose owners are all dead, the record is aborted once", "[log][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  const std::uint64_t one = f.new_node();
  const std::uint64_t other = f.new_node();
  p.publish_bytes(kSize);
  const unsigned first = f.place_claim(one, kStride);
  const unsigned second = f.place_granted(other, kStride);
  f.world.kill(one);
  f.world.kill(other);
  p.publish_bytes(kSize);
  CHECK(s.drain_sequences() == Sequences{1, 3});
  CHECK(f.header().repaired_claims.load() == 1);
  CHECK(f.log().publisher(first).words.where.load() !=
        f.log().publisher(second).words.where.load());  // one claim is not repaired yet
}

TEST_CASE("of several claims of different sizes, the smallest one that ends at a boundary was granted",
          "[log][open_claim]") {
  // The record at offset 32 belongs to the middle claim. This follows from the tail, the next record's key, the next
  // record's claim, or the end of the block.
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  p.publish_bytes(kSize);
  const std::size_t claim_offset = f.tail_offset();
  const std::uint64_t small = f.new_node(), middle = f.new_node(), large = f.new_node(), seal = f.new_node();
  f.place_claim(small, kStride);
  f.place_claim(large, 3 * kStride);
  f.place_claim(seal, f.log().block_size() - claim_offset, true);
  const unsigned granted = f.place_granted(middle, 2 * kStride);
  for (auto node : {small, middle, large, seal}) f.world.kill(node);

  SECTION("the tail stands at its end") {}
  SECTION("a committed record begins at its end") { p.publish_bytes(kSize); }
  SECTION("an aborted record begins at its end") {
    const auto c = p.claim(kSize);
    p.writer->open_loan(c);
    p.writer->abort_loan(c);
  }
  SECTION("another claim begins at its end") { f.place_granted(f.new_node(), kStride); }
  SECTION("the block was sealed meanwhile") { f.publish_to_block(p, 2); }
  CHECK(s.drain().at(0).sequence == 1);
  CHECK(f.aborted(1, claim_offset));
  CHECK(f.meta(1, claim_offset).size == 2 * kStride);
  CHECK(f.meta(1, claim_offset).port == granted);
  CHECK(s.status() == Status::ok);
}

TEST_CASE("a claim to seal a block is not taken for a record while the block is not full", "[log][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  p.publish_bytes(kSize);
  const std::size_t claim_offset = f.tail_offset();
  const std::uint64_t seal = f.new_node();
  f.place_claim(seal, f.log().block_size() - claim_offset, true);
  f.world.kill(seal);
  auto& slow = f.publisher();
  const auto claim = slow.claim(kSize);
  f.publish_to_block(p, 2);
  CHECK(s.drain_sequences() == Sequences{1});
  slow.writer->commit(claim);
  ask_again(f);
  CHECK(s.drain().at(0).sequence == 2);
  CHECK(s.lost() == 0);
}

TEST_CASE("a reader that can't write to the block steps over a dead publisher's claim and leaves it to others",
          "[log][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  f.world.may_write = false;
  p.publish_bytes(kSize);
  const std::size_t claim_offset = f.tail_offset();
  const std::uint64_t node = f.new_node();
  const unsigned port = f.place_granted(node, kStride);
  f.world.kill(node);
  p.publish_bytes(kSize);
  CHECK(s.drain_sequences() == Sequences{1, 3});
  CHECK(s.lost() == 0);
  CHECK_FALSE(f.aborted(1, claim_offset));
  CHECK(f.log().publisher(port).words.where.load() != shmbus::log::kNone);
  CHECK(f.log().publisher(port).owner.load() == node);  // left to a process that may write
  f.world.may_write = true;
  CHECK(f.subscriber().drain_sequences() == Sequences{1, 3});
  CHECK(f.aborted(1, claim_offset));
}

TEST_CASE("readers go past a record whose repairer was stopped", "[log][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  p.publish_bytes(kSize);
  const std::uint64_t dead = f.new_node(), repairer = f.new_node();
  const unsigned port = f.place_granted(dead, kStride);
  f.world.kill(dead);
  f.log().publisher(port).owner.store(repairer | shmbus::layout::kRepairing);
  p.publish_bytes(kSize);
  CHECK(s.drain_sequences() == Sequences{1});
  f.world.pass_time(6'000'000);
  CHECK(s.drain_sequences() == Sequences{3});
  CHECK(s.lost() == 0);
  CHECK(f.log().publisher(port).words.where.load() != shmbus::log::kNone);  // the claim still pins the block
}

TEST_CASE("repair of a dead publisher's record does not mistake it for a living publisher's lost seal",
          "[log][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  p.publish_bytes(kSize);
  const std::uint64_t dead = f.new_node(), repairer = f.new_node();
  f.place_claim(f.new_node(), f.log().block_size() - f.tail_offset(), true);
  const unsigned port = f.place_granted(dead, kStride);
  f.world.kill(dead);
  f.log().publisher(port).owner.store(repairer | shmbus::layout::kRepairing);
  f.publish_to_block(p, 2);
  CHECK(s.drain_sequences() == Sequences{1});
  f.world.pass_time(6'000'000);
  CHECK(s.drain().at(0).sequence == 3);
  CHECK(s.lost() == 0);
}

TEST_CASE("an open claim in a block that has left the ring is repaired by the claim's physical block",
          "[log][open_claim]") {
  LogFixture f({.blocks = 2});
  auto& p = f.publisher();
  auto& s = f.subscriber();
  p.publish_bytes(kSize);
  CHECK(s.drain_sequences() == Sequences{1});  // inside block 1
  const std::uint32_t physical = f.physical_of(1);
  const std::uint64_t key = f.key_of(1);
  const std::size_t claim_offset = f.tail_offset();
  const std::uint64_t node = f.new_node();
  f.place_granted(node, kStride);
  f.publish_to_block(p, 4);
  f.world.kill(node);
  const auto seen = s.drain();
  CHECK(seen.at(0).sequence == 3);
  const auto* record = reinterpret_cast<const shmbus::layout::RecordHeader*>(f.log().at(physical, claim_offset));
  CHECK(record->key.load() == ~key);
}

TEST_CASE("a reader finds the end of the log in a block that is linked while the tail is still sealed",
          "[log][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = GENERATE(false, true)});
  p.publish_bytes(kSize);
  f.publish_to_block(p, 2);
  std::uint64_t sealed = f.log().tail().load();
  // The publisher that opens the block stops between linking it and moving the tail.
  while (f.tail_block() == 2) {
    sealed = f.log().tail().load();
    p.publish_bytes(kSize);
  }
  const auto& format = f.log().format();
  f.place_tail(format.make(2, f.log().block_size(), format.count(sealed)));
  f.record(3, 0).key.store(0);
  const auto before = s.drain_sequences();
  CHECK(before.back() == s.reader->next_sequence() - 1);
  CHECK(s.shared().words.pin.load() == 3);
  for (int i = 0; i < 10; ++i) {
    f.world.pass_time(f.world.stall_limit_ns);
    REQUIRE(s.drain().empty());
    REQUIRE(s.status() == Status::ok);
    REQUIRE_FALSE(s.reader->at_open_claim());
  }
  const auto next = f.publisher().publish("event").sequence();
  CHECK(s.drain_sequences() == Sequences{next});
  CHECK(s.lost() == 0);
}

TEST_CASE("a tail that no claim explains gives corrupt after the stall limit", "[log][open_claim][corrupt]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  p.publish_bytes(kSize);
  f.place_tail(f.log().format().after(f.log().tail().load(), kStride));
  CHECK(s.drain_sequences() == Sequences{1});
  CHECK(s.status() == Status::ok);
  f.world.pass_time(2 * f.world.stall_limit_ns);
  CHECK(s.drain().empty());
  CHECK(s.status() == Status::corrupt);
}

TEST_CASE("a reader that polls now and then, and never waits, steps over an open claim after few polls",
          "[log][open_claim]") {
  using namespace std::chrono_literals;
  LogFixture f;
  auto &p = f.publisher(), &slow = f.publisher();
  auto& s = f.subscriber();
  p.publish_bytes(kSize);
  CHECK(s.poll().size() == 1);
  for (int i = 0; i < 300; ++i) s.poll();  // the reader has been idle for long
  const bool dead = GENERATE(false, true);
  slow.claim(kSize);
  if (dead) f.world.kill(slow.node);
  p.publish_bytes(kSize);
  std::size_t seen = 0;
  for (int polls = 0; polls < 30 && seen == 0; ++polls) {
    std::this_thread::sleep_for(50ms);  // the cycle counter must move on, and no test can set it
    f.world.pass_time(2 * f.world.stall_limit_ns);
    seen = s.poll().size();
  }
  CHECK(seen == 1);
  CHECK(s.lost() == (dead ? 0 : 1));
}
