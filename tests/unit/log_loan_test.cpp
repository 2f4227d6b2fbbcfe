#include <catch2/catch.hpp>

#include <cstring>

#include "support/log_fixture.hpp"

using namespace test;
using shmbus::Status;
using shmbus::detail::Claim;
using Sequences = std::vector<std::uint64_t>;
namespace layout = shmbus::layout;

namespace {

Claim lend(TestPublisher& p, std::size_t size) {
  const Claim c = p.claim(size);
  p.writer->open_loan(c);
  for (std::size_t i = 0; i < size; ++i) c.payload[i] = static_cast<std::byte>('a' + i % 26);
  return c;
}

std::string text(std::size_t size) {
  std::string s(size, ' ');
  for (std::size_t i = 0; i < size; ++i) s[i] = static_cast<char>('a' + i % 26);
  return s;
}

}  // namespace

TEST_CASE("a loan is committed with all its bytes or fewer", "[log][loan]") {
  const bool exclusive = GENERATE(false, true);
  const bool timestamps = GENERATE(false, true);
  const auto alignment = GENERATE(as<std::uint32_t>{}, 8, 64);
  const auto size = GENERATE(range(std::size_t{0}, std::size_t{33}));
  LogFixture f({.blocks = 16, .timestamps = timestamps, .alignment = alignment, .exclusive = exclusive});
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  for (std::size_t used = 0; used <= size; ++used) {
    const Claim c = lend(p, size);
    const auto result = p.writer->commit_loan(c, used);
    REQUIRE(result.sequence() == 2 * used + 1);
    REQUIRE(p.publish("next").sequence() == 2 * used + 2);
    const auto seen = s.drain();
    REQUIRE(seen.size() == 2);
    REQUIRE(seen[0].payload == text(used));
    REQUIRE(seen[1].payload == "next");
  }
  CHECK(s.lost() == 0);
}

TEST_CASE("a trimmed record keeps its place, and its last bytes hold the length", "[log][loan]") {
  LogFixture f;
  auto& p = f.publisher();
  const Claim c = lend(p, 100);
  p.writer->commit_loan(c, 3);
  CHECK(f.meta(1, 0).flags == layout::kTrimmed);
  CHECK(f.meta(1, 0).size == 128);
  std::uint64_t length = 0;
  std::memcpy(&length, f.log().at(f.physical_of(1), 120), sizeof length);
  CHECK(length == 3);
  CHECK(f.tail_offset() == 128);
}

TEST_CASE("an exclusive publisher's shorter loan takes only what it needs", "[log][loan]") {
  LogFixture f({.exclusive = true});
  auto& p = f.publisher();
  const Claim c = lend(p, 100);
  p.writer->commit_loan(c, 3);
  CHECK(f.meta(1, 0).flags == 0);
  CHECK(f.tail_offset() == 32);
}

TEST_CASE("while a loan is open, nothing else is published", "[log][loan]") {
  const bool exclusive = GENERATE(false, true);
  LogFixture f({.exclusive = exclusive});
  auto& p = f.publisher();
  const Claim c = lend(p, 10);
  CHECK(p.publish("event").status() == Status::loan_open);
  Claim other;
  CHECK(p.writer->claim(1, {}, other) == Status::loan_open);
  SECTION("committed") { CHECK(p.writer->commit_loan(c, 10).sequence() == 1); }
  SECTION("aborted") { p.writer->abort_loan(c); }
  SECTION("dropped") { p.writer->drop_loan(); }
  CHECK(p.publish("event"));
  CHECK(f.subscriber().drain().back().payload == "event");
}

TEST_CASE("an aborted sequence is skipped and not lost", "[log][loan]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = GENERATE(false, true)});
  p.publish("1");
  const std::size_t at = f.tail_offset();
  p.writer->abort_loan(lend(p, 50));
  CHECK(f.aborted(1, at));
  CHECK(f.meta(1, at).size == 80);
  CHECK(p.publish("3").sequence() == 3);
  CHECK(s.drain_sequences() == Sequences{1, 3});
  CHECK(s.lost() == 0);
  CHECK(s.shared().words.position.load() == 4);
}

TEST_CASE("an exclusive publisher's aborted loan leaves no trace", "[log][loan]") {
  LogFixture f({.exclusive = true});
  auto& p = f.publisher();
  p.publish("1");
  const std::uint64_t tail = f.log().tail().load();
  p.writer->abort_loan(lend(p, 50));
  CHECK(f.log().tail().load() == tail);
  CHECK(p.publish("2").sequence() == 2);
  CHECK(f.subscriber().drain_sequences() == Sequences{1, 2});
}

TEST_CASE("aborted records up to the end of a block are skipped", "[log][loan]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  for (int i = 0; i < 9; ++i) p.writer->abort_loan(lend(p, 1200));
  CHECK(p.publish("10").sequence() == 10);
  CHECK(s.drain_sequences() == Sequences{10});
  CHECK(s.lost() == 0);
}
