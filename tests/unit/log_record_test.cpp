// A record, byte by byte.

#include <catch2/catch.hpp>

#include <cstring>
#include <numeric>
#include <set>

#include "log/rotation.hpp"
#include "support/log_fixture.hpp"

using namespace test;
using shmbus::Status;
using shmbus::log::RecordExtensions;
namespace layout = shmbus::layout;

namespace {

std::string bytes_at(const LogFixture& f, std::uint64_t block, std::size_t offset, std::size_t size) {
  return std::string(reinterpret_cast<const char*>(f.log().at(f.physical_of(block), offset)), size);
}

std::uint64_t word_at(const LogFixture& f, std::uint64_t block, std::size_t offset) {
  std::uint64_t word;
  std::memcpy(&word, f.log().at(f.physical_of(block), offset), sizeof word);
  return word;
}

}  // namespace

TEST_CASE("a record is key, size, port, flags, time and payload", "[log][record]") {
  const bool exclusive = GENERATE(false, true);
  LogFixture f({.exclusive = exclusive});
  if (!exclusive) f.publisher();  // port 0
  auto& p = f.publisher();
  p.publish("first event");
  f.world.pass_time(5);
  p.publish("second");
  CHECK(f.key_of(1) == shmbus::log::block_key(f.header().seed, 1));
  CHECK(word_at(f, 1, 0) == f.key_of(1));
  CHECK(word_at(f, 1, 8) == (std::uint64_t{p.port} << 32 | (24 + 11)));
  CHECK(word_at(f, 1, 16) == static_cast<std::uint64_t>(f.world.system_ns.load() - 5));
  CHECK(bytes_at(f, 1, 24, 11) == "first event");
  CHECK(word_at(f, 1, 40) == f.key_of(1));
  CHECK(word_at(f, 1, 48) == (std::uint64_t{p.port} << 32 | (24 + 6)));
  CHECK(bytes_at(f, 1, 64, 6) == "second");
  CHECK(f.tail_offset() == 72);
  CHECK(f.tail_count() == 2);
  CHECK(f.tail_block() == 1);
}

TEST_CASE("without time stamps the payload follows the header directly", "[log][record]") {
  LogFixture f({.timestamps = false});
  f.publisher().publish("event");
  CHECK(f.meta(1, 0).size == 16 + 5);
  CHECK(bytes_at(f, 1, 16, 5) == "event");
  CHECK(f.tail_offset() == 24);
  CHECK(f.subscriber().drain().at(0).stamp == 0);
}

TEST_CASE("records and payloads stand at multiples of the alignment", "[log][record]") {
  const auto alignment = GENERATE(as<std::uint32_t>{}, 8, 16, 32, 64, 128, 256);
  const bool timestamps = GENERATE(false, true);
  const bool exclusive = GENERATE(false, true);
  LogFixture f({.blocks = 16, .timestamps = timestamps, .alignment = alignment, .exclusive = exclusive});
  auto& p = f.publisher();
  const shmbus::TraceContext trace;
  for (std::size_t size = 0; size < 40; ++size)
    REQUIRE(p.publish(std::string(size, 'x'), size % 3 == 0 ? RecordExtensions{.trace = &trace} : RecordExtensions{}));
  auto& s = f.subscriber();
  std::size_t next = 0;
  s.reader->poll(
      [&](const shmbus::detail::EventRecord& r) {
        REQUIRE(r.size == next++);
        REQUIRE(reinterpret_cast<std::uintptr_t>(r.payload) % alignment == 0);
      },
      100);
  CHECK(next == 40);
}

TEST_CASE("events of any size, also empty ones, are read as they were written", "[log][record]") {
  const bool exclusive = GENERATE(false, true);
  LogFixture f({.blocks = 16, .exclusive = exclusive});
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  const std::size_t largest = f.log().max_payload();
  CHECK(largest == 4096 - 16 - 24);
  std::uint64_t sequence = 0;
  for (std::size_t size = 0; size <= largest; size += size < 64 ? 1 : 61) {
    const auto result = p.publish_bytes(size, static_cast<char>('a' + size % 26));
    REQUIRE(result);
    REQUIRE(result.sequence() == ++sequence);
    const auto seen = s.drain();
    REQUIRE(seen.size() == 1);
    REQUIRE(seen[0].sequence == sequence);
    REQUIRE(seen[0].payload == std::string(size, static_cast<char>('a' + size % 26)));
  }
  REQUIRE(p.publish({}));
  CHECK(s.drain().at(0).payload.empty());
}

TEST_CASE("the largest payload fits; one byte more is too large, and leaves nothing behind", "[log][record]") {
  const bool exclusive = GENERATE(false, true);
  const auto alignment = GENERATE(as<std::uint32_t>{}, 8, 64, 256);
  LogFixture f({.alignment = alignment, .exclusive = exclusive});
  auto& p = f.publisher();
  const std::size_t largest = f.log().max_payload();
  CHECK(p.publish_bytes(largest).sequence() == 1);
  const std::uint64_t tail = f.log().tail().load();
  CHECK(p.publish_bytes(largest + 1).status() == Status::too_large);
  shmbus::detail::Claim c;
  CHECK(p.writer->claim(~std::size_t{0}, {}, c) == Status::too_large);
  CHECK(p.writer->claim(~std::size_t{0} - 100, {}, c) == Status::too_large);
  const shmbus::TraceContext trace;
  CHECK(p.publish(std::string(largest, 'x'), {.trace = &trace}).status() == Status::too_large);
  CHECK(f.log().tail().load() == tail);
  CHECK(f.log().publisher(p.port).words.where.load() == layout::kNone);
  CHECK(p.publish_bytes(largest).sequence() == 2);
  CHECK(f.subscriber().drain_sequences() == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("every block ends with padding, larger than any record at the same place", "[log][record]") {
  const bool exclusive = GENERATE(false, true);
  const auto size = GENERATE(as<std::size_t>{}, 0, 8, 100, 1000, 1331, 1338, 4056);
  LogFixture f({.exclusive = exclusive});
  auto& p = f.publisher();
  const std::size_t count = f.fill_block(p, size);
  const std::size_t end = f.tail_offset();
  CHECK(end + 16 <= f.log().block_size());
  REQUIRE(p.publish_bytes(size));
  CHECK(f.tail_block() == 2);
  CHECK(f.tail_count() == 1);
  CHECK(f.committed(1, end));
  CHECK(f.meta(1, end).flags == layout::kPadding);
  CHECK(f.meta(1, end).size == f.log().block_size() - end);
  CHECK(f.log().stride(f.log().record_header() + size) + 16 > f.log().block_size() - end);
  const auto& entry = f.log().entry(f.physical_of(2));
  CHECK(entry.first_sequence.load() == count + 1);
  CHECK(entry.number.load() == 2);
  CHECK(entry.owner.load() == 0);
  CHECK(entry.opened_ns.load() == f.world.system_ns.load());
  CHECK(f.subscriber().drain().size() == count + 1);
}

TEST_CASE("a shared publisher's claim is gone when it has committed", "[log][record]") {
  LogFixture f;
  auto& p = f.publisher();
  const auto& port = f.log().publisher(p.port);
  const auto c = p.claim(100);
  const layout::ClaimWord shown(port.words.what.load());
  CHECK(port.words.where.load() == f.log().format().make(1, 0, 0));
  CHECK(shown.belongs_to(port.words.where.load()));
  CHECK(shown.stride() == 128);
  CHECK(shown.physical() == f.physical_of(1));
  CHECK_FALSE(shown.padding());
  CHECK_FALSE(f.committed(1, 0));
  std::memset(c.payload, 'x', c.size);
  p.writer->commit(c);
  CHECK(port.words.where.load() == layout::kNone);
  CHECK(f.committed(1, 0));
}

TEST_CASE("an exclusive publisher shows no claim, and its tail moves after the key", "[log][record]") {
  LogFixture f({.exclusive = true});
  auto& p = f.publisher();
  const auto c = p.claim(100);
  CHECK(f.log().publisher(p.port).words.where.load() == layout::kNone);
  CHECK(f.tail_offset() == 0);
  p.writer->commit(c);
  CHECK(f.tail_offset() == 128);
}

TEST_CASE("block keys are neither 0 nor all ones, and differ from each other", "[log][record]") {
  std::set<std::uint64_t> keys;
  for (std::uint64_t seed : {0ull, 1ull, 0x5eedull, ~0ull}) {
    keys.clear();
    for (std::uint64_t n = 0; n < 10'000; ++n) keys.insert(shmbus::log::block_key(seed, n));
    CHECK(keys.size() == 10'000);
    CHECK(keys.count(0) == 0);
    CHECK(keys.count(~std::uint64_t{0}) == 0);
  }
}

TEST_CASE("a commit rings each sleeping subscriber's bell once", "[log][record]") {
  const bool exclusive = GENERATE(false, true);
  const auto attention = GENERATE(as<std::uint64_t>{}, 0, layout::kFenceNeeded);
  LogFixture f({.exclusive = exclusive});
  auto& p = f.publisher();
  auto& s = f.subscriber();
  f.subscriber();
  f.header().words.attention.store(attention);
  p.publish("nobody sleeps");
  CHECK(f.world.take_rings().empty());
  f.header().words.waiters.store(1u << s.port);
  p.publish("one sleeps");
  CHECK(f.world.take_rings() == std::vector<std::uint64_t>{s.environment.bell()});
  CHECK(f.header().words.waiters.load() == 0);
  p.publish("nobody sleeps");
  CHECK(f.world.take_rings().empty());
  CHECK(s.drain().size() == 3);
}

TEST_CASE("nothing is published to a removed topic", "[log][record]") {
  const bool exclusive = GENERATE(false, true);
  LogFixture f({.exclusive = exclusive});
  auto& p = f.publisher();
  p.publish("event");
  f.header().words.attention.store(layout::kTopicRemoved);
  CHECK(p.publish("event").status() == Status::closed);
  CHECK(f.subscriber().drain().size() == 1);
}
