// Many events in one claim: what readers and repairers do with a batch whose publisher has committed a part of it.

#include <catch2/catch.hpp>

#include "log/repair.hpp"
#include "support/batches.hpp"

using namespace test;
using shmbus::Status;
using shmbus::log::kNone;
using shmbus::log::Repair;
using shmbus::log::repair_all;
using shmbus::log::repair_publisher;

namespace {

/// A batch that was granted to `node` after event 1. The node has committed the first `committed` of its events.
struct PartOfBatch {
  explicit PartOfBatch(LogFixture& f, unsigned events, unsigned committed) {
    claim_offset = f.tail_offset();
    port = f.place_granted(node = f.new_node(), events * kBatchEventStride, false, events);
    for (unsigned i = 0; i < committed; ++i, claim_offset += kBatchEventStride)
      f.place_record(f.tail_block(), claim_offset, kBatchEventStride);
  }
  std::uint64_t node;
  unsigned port;
  std::size_t claim_offset;
};

unsigned aborted_sequences(const LogFixture& f, std::uint64_t number, std::size_t offset) {
  REQUIRE(f.aborted(number, offset));
  return f.meta(number, offset).aborted_sequences();
}

}  // namespace

TEST_CASE("the rest of a dead publisher's batch becomes one aborted record for all its sequences",
          "[log][batch][open_claim]") {
  const unsigned committed = GENERATE(0u, 1u, 3u);
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  p.publish_bytes(kBatchEventSize);
  const PartOfBatch batch(f, 5, committed);
  const std::uint64_t next = p.publish_bytes(kBatchEventSize).sequence();
  CHECK(next == 7);
  CHECK(s.drain_sequences() == from_to(1, 1 + committed));
  CHECK(s.reader->at_open_claim());
  f.world.kill(batch.node);
  f.world.pass_time(100'000);
  CHECK(s.drain_sequences() == Sequences{next});
  CHECK(s.lost() == 0);
  CHECK(aborted_sequences(f, 1, batch.claim_offset) == 5 - committed);
  CHECK(f.meta(1, batch.claim_offset).size == (5 - committed) * kBatchEventStride);
  CHECK(f.log().publisher(batch.port).owner.load() == 0);
  CHECK(f.header().repaired_claims.load() == 1);
  const auto others = f.subscriber().drain_sequences();
  CHECK(others.size() == 2 + committed);
  CHECK(others.back() == next);
}

TEST_CASE("the last event of a dead publisher's batch becomes a plain aborted record", "[log][batch][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  p.publish_bytes(kBatchEventSize);
  const PartOfBatch batch(f, 4, 3);
  f.world.kill(batch.node);
  CHECK(repair_publisher(f.log(), batch.port) == Repair::done);
  CHECK(f.aborted(1, batch.claim_offset));
  CHECK(f.meta(1, batch.claim_offset).flags == 0);
  CHECK(f.subscriber().drain_sequences() == from_to(1, 4));
}

TEST_CASE("a dead publisher's batch that was committed to its end needs no repair", "[log][batch][repair]") {
  LogFixture f;
  auto& p = f.publisher();
  p.publish_bytes(kBatchEventSize);
  const PartOfBatch batch(f, 4, 4);
  const bool more = GENERATE(false, true);
  if (more) p.publish_bytes(kBatchEventSize);
  f.world.kill(batch.node);
  CHECK(repair_publisher(f.log(), batch.port) == Repair::done);
  CHECK(f.header().repaired_claims.load() == 0);
  CHECK(f.subscriber().drain_sequences() == from_to(1, more ? 6 : 5));
}

TEST_CASE("a reliable reader waits for a living publisher's batch, and a lossy reader steps over it",
          "[log][batch][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& lossy = f.subscriber();
  auto& reliable = f.subscriber({.reliable = true});
  p.publish_bytes(kBatchEventSize);
  const PartOfBatch batch(f, 5, 2);
  p.publish_bytes(kBatchEventSize);
  CHECK(lossy.drain_sequences() == from_to(1, 3));
  CHECK(reliable.drain_sequences() == from_to(1, 3));
  f.world.pass_time(2 * f.world.stall_limit_ns);
  CHECK(lossy.drain_sequences() == Sequences{7});
  CHECK(lossy.lost() == 3);
  CHECK(reliable.drain().empty());
  CHECK(reliable.lost() == 0);
  // The publisher goes on: readers that have not passed the batch still see what it commits late.
  for (std::size_t i = 0, at = batch.claim_offset; i < 3; ++i, at += kBatchEventStride)
    f.place_record(1, at, kBatchEventStride);
  f.log().publisher(batch.port).words.where.store(kNone);
  CHECK(reliable.drain_sequences() == from_to(4, 7));
  CHECK(lossy.drain().empty());
  CHECK(f.subscriber().drain_sequences() == from_to(1, 7));
}

TEST_CASE("a reader's wait for a batch counts from the last event that was committed", "[log][batch][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  p.publish_bytes(kBatchEventSize);
  const PartOfBatch batch(f, 3, 0);
  CHECK(s.drain_sequences() == Sequences{1});
  f.world.pass_time(f.world.stall_limit_ns * 3 / 4);
  f.place_record(1, batch.claim_offset, kBatchEventStride);
  CHECK(s.drain_sequences() == Sequences{2});
  f.world.pass_time(f.world.stall_limit_ns * 3 / 4);
  CHECK(s.drain().empty());
  CHECK(s.lost() == 0);
}

TEST_CASE("a start inside the rest of a dead publisher's batch begins after it", "[log][batch][start]") {
  LogFixture f;
  auto& p = f.publisher();
  p.publish_bytes(kBatchEventSize);
  const PartOfBatch batch(f, 5, 1);
  const std::uint64_t next = p.publish_bytes(kBatchEventSize).sequence();
  f.world.kill(batch.node);
  auto& s = f.subscriber({.start = shmbus::Start::sequence(4)});
  CHECK(s.drain_sequences() == Sequences{next});
  CHECK(s.lost() == 0);
}

TEST_CASE("a reader that starts inside a batch and steps over it loses only the sequences from its start on",
          "[log][batch][start]") {
  LogFixture f;
  auto& p = f.publisher();
  p.publish_bytes(kBatchEventSize);
  const PartOfBatch batch(f, 5, 1);  // 2 to 6
  p.publish_bytes(kBatchEventSize);
  auto& s = f.subscriber({.start = shmbus::Start::sequence(5)});
  CHECK(s.drain().empty());
  f.world.pass_time(2 * f.world.stall_limit_ns);
  CHECK(s.drain_sequences() == Sequences{7});
  CHECK(s.lost() == 2);
}

TEST_CASE("repair of a batch that was never granted leaves other publishers' records alone", "[log][batch][repair]") {
  LogFixture f;
  auto& p = f.publisher();
  p.publish_bytes(kBatchEventSize);
  const std::uint64_t dead = f.new_node();
  const unsigned events = GENERATE(2u, 3u, 4u, 5u);
  const unsigned port = f.place_claim(dead, events * kBatchEventStride, false, std::nullopt, events);
  f.world.kill(dead);
  SECTION("the tail stands at its begin") {}
  SECTION("as many single events lie there") {
    for (unsigned i = 0; i < 4; ++i) p.publish_bytes(kBatchEventSize);
  }
  SECTION("larger events lie there") {
    for (unsigned i = 0; i < 4; ++i) p.publish_bytes(kBatchEventSize + kBatchEventStride);
  }
  SECTION("another batch lies there") { publish_all(p, texts_of(4)); }
  SECTION("a living publisher's open claim lies there") {
    p.publish_bytes(kBatchEventSize);
    const PartOfBatch living(f, 3, 1);
    if (events == 4) return;  // both claims have the same end: a reader waits, as is tested below
    CHECK(repair_publisher(f.log(), port) == Repair::done);
    CHECK_FALSE(f.aborted(1, living.claim_offset));
    return;
  }
  const auto before = f.subscriber().drain_sequences();
  CHECK(repair_publisher(f.log(), port) == Repair::done);
  CHECK(f.header().repaired_claims.load() == 0);
  CHECK(f.subscriber().drain_sequences() == before);
}

TEST_CASE("where several claims cover the rest of a batch, readers wait for a living publisher's",
          "[log][batch][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  p.publish_bytes(kBatchEventSize);
  const std::uint64_t living = f.new_node();
  const unsigned lost = f.place_claim(living, 5 * kBatchEventStride, false, std::nullopt, 5);
  const PartOfBatch batch(f, 5, 2);
  p.publish_bytes(kBatchEventSize);
  f.world.kill(batch.node);
  CHECK(repair_publisher(f.log(), batch.port) == Repair::postponed);
  CHECK(s.drain_sequences() == from_to(1, 3));
  f.log().publisher(lost).words.where.store(kNone);
  f.world.pass_time(100'000);
  CHECK(s.drain_sequences() == Sequences{7});
  CHECK(s.lost() == 0);
}

TEST_CASE("among dead publishers' claims of equal size, the number of granted events decides",
          "[log][batch][open_claim]") {
  // All publishers are dead, and all claims have the same end. The number of granted events follows from the tail, from
  // a claim or from the next block, which comes at once or after some records.
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  p.publish_bytes(kBatchEventSize);
  const unsigned granted = GENERATE(1u, 2u, 3u, 4u);
  std::vector<std::uint64_t> nodes;
  const std::uint64_t where = f.log().tail().load();
  const auto lose = [&](unsigned events) {
    nodes.push_back(f.new_node());
    f.place_claim(nodes.back(), 4 * kBatchEventStride, false, where, events);
  };
  for (unsigned events = 1; events < granted; ++events) lose(events);
  nodes.push_back(f.new_node());
  const std::size_t claim_offset = f.tail_offset();
  f.place_granted(nodes.back(), 4 * kBatchEventStride, false, granted);
  for (unsigned events = granted + 1; events <= 4; ++events) lose(events);
  const unsigned records = GENERATE(0u, 1u, 3u);
  for (unsigned i = 0; i < records; ++i) p.publish_bytes(kBatchEventSize);
  std::uint64_t behind = 1 + granted + records;
  SECTION("the tail gives the number") {}
  SECTION("a later claim gives the number") {
    nodes.push_back(f.new_node());
    f.place_granted(nodes.back(), 2 * kBatchEventStride, false, 2);
    behind += 2;
  }
  SECTION("the aborted rest of another batch lies between") {
    const PartOfBatch other(f, 3, 1);
    f.world.kill(other.node);
    CHECK(repair_publisher(f.log(), other.port) == Repair::done);
    behind += 3;
  }
  SECTION("the next block gives the number") {
    f.publish_to_block(p, 2);
    f.publish_to_block(p, 3);
    behind = 0;
  }
  for (const std::uint64_t node : nodes) f.world.kill(node);
  const std::uint64_t next = p.publish_bytes(kBatchEventSize).sequence();
  if (behind != 0) REQUIRE(next == behind + 1);
  const auto seen = s.drain_sequences();
  CHECK(s.status() == Status::ok);
  CHECK(s.lost() == 0);
  REQUIRE(seen.size() >= 2);
  CHECK(seen.back() == next);
  CHECK(aborted_sequences(f, 1, claim_offset) == granted);
  repair_all(f.log());
  CHECK((f.header().publishers.load() & ~(std::uint64_t{1} << p.port)) == 0);
  CHECK(f.subscriber().drain_sequences() == seen);
}

TEST_CASE("where the number of granted events is no longer known, the rest of the block counts as lost",
          "[log][batch][open_claim]") {
  LogFixture f({.blocks = 2});
  auto& p = f.publisher();
  auto& s = f.subscriber();
  p.publish_bytes(kBatchEventSize);
  CHECK(s.drain_sequences() == Sequences{1});  // inside block 1
  const std::uint64_t one = f.new_node(), other = f.new_node();
  const unsigned lost = f.place_claim(one, 4 * kBatchEventStride, false, std::nullopt, 2);
  const unsigned granted = f.place_granted(other, 4 * kBatchEventStride, false, 4);
  const std::uint64_t after = p.publish_bytes(kBatchEventSize).sequence();
  f.publish_to_block(p, 2);
  f.publish_to_block(p, 5);
  f.world.kill(one);
  f.world.kill(other);
  SECTION("found by the reader") {}
  SECTION("found by a repairer") { repair_all(f.log()); }
  const auto seen = s.drain_sequences();
  CHECK(s.status() == Status::ok);
  REQUIRE_FALSE(seen.empty());
  CHECK(seen.front() > after);
  CHECK(s.lost() == seen.front() - 2);
  repair_all(f.log());
  CHECK(f.log().publisher(lost).owner.load() == 0);
  CHECK(f.log().publisher(granted).owner.load() == 0);
}

TEST_CASE("when a repairer of a batch dies in the middle, another one finishes", "[log][batch][repair]") {
  LogFixture f;
  auto& p = f.publisher();
  p.publish_bytes(kBatchEventSize);
  const PartOfBatch batch(f, 5, 2);
  const std::uint64_t repairer = f.new_node();
  f.world.kill(batch.node);
  f.log().publisher(batch.port).owner.store(repairer | shmbus::layout::kRepairing);
  f.world.kill(repairer);
  const bool aborted_already = GENERATE(false, true);
  const auto meta = shmbus::layout::RecordMeta::unfinished(3 * kBatchEventStride, batch.port, 3);
  f.record(1, batch.claim_offset).meta.store(meta.word());
  if (aborted_already) f.record(1, batch.claim_offset).key.store(~f.key_of(1));
  CHECK(repair_publisher(f.log(), batch.port) == Repair::done);
  CHECK(aborted_sequences(f, 1, batch.claim_offset) == 3);
  CHECK(f.header().repaired_claims.load() == (aborted_already ? 0 : 1));
  CHECK(f.subscriber().drain_sequences() == from_to(1, 3));
  CHECK(p.publish_bytes(kBatchEventSize).sequence() == 7);
}

TEST_CASE("a reader that can't write to the block steps over the rest of a batch", "[log][batch][open_claim]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  f.world.may_write = false;
  p.publish_bytes(kBatchEventSize);
  const PartOfBatch batch(f, 5, 2);
  f.world.kill(batch.node);
  p.publish_bytes(kBatchEventSize);
  CHECK(s.drain_sequences() == Sequences{1, 2, 3, 7});
  CHECK(s.lost() == 0);
}

TEST_CASE("an aborted record that stands for more sequences than it has room for is corrupt", "[log][batch][corrupt]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  p.publish_bytes(kBatchEventSize);
  const std::size_t claim_offset = f.tail_offset();
  p.publish_bytes(kBatchEventSize);
  const unsigned sequences = GENERATE(2u, 3u, 256u);  // 32 bytes have room for two empty records
  f.record(1, claim_offset).meta.store(shmbus::layout::RecordMeta::unfinished(kBatchEventStride, 0, sequences).word());
  f.record(1, claim_offset).key.store(~f.key_of(1));
  CHECK(s.drain_sequences() == Sequences{1});
  CHECK(s.status() == (sequences == 2 ? Status::ok : Status::corrupt));
}

TEST_CASE("the next exclusive publisher finds the end of an unfinished batch", "[log][batch][exclusive]") {
  LogFixture f({.exclusive = true});
  auto& p = f.publisher();
  p.publish_bytes(kBatchEventSize);
  const std::uint64_t before = f.log().tail().load();
  publish_all(p, texts_of(5));
  const unsigned committed = GENERATE(0u, 2u, 5u);
  f.place_tail(before);  // it died before it stored the tail
  f.world.kill(p.node);
  for (unsigned i = committed; i < 5; ++i) f.record(1, (1 + i) * kBatchEventStride).key.store(0);
  auto& successor = f.publisher();
  CHECK(successor.publish_bytes(kBatchEventSize).sequence() == 2 + committed);
  CHECK(f.subscriber().drain_sequences() == from_to(1, 2 + committed));
}
