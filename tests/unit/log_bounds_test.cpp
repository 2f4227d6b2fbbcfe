// Loops with a limit: a member that only loses races to others never takes the log for broken, events for lost, or the
// log for empty.

#include <catch2/catch.hpp>
#include <optional>

#include "log/log_end.hpp"
#include "log/tail_watch.hpp"
#include "support/log_fixture.hpp"

using namespace test;
using shmbus::Status;
using shmbus::log::TailWatch;

namespace {

/// Fills the open block's rest with padding, as a publisher does that finds no room.
void seal(LogFixture& f) {
  const auto& format = f.log().format();
  const std::uint64_t tail = f.log().tail().load();
  const std::size_t rest = f.log().block_size() - f.tail_offset();
  auto& r = f.record(format.block(tail), f.tail_offset());
  r.meta.store(shmbus::layout::RecordMeta{static_cast<std::uint32_t>(rest), 0, shmbus::layout::kPadding}.word());
  r.key.store(f.key_of(format.block(tail)));
  f.place_tail(format.make(format.block(tail), f.log().block_size(), format.count(tail)));
}

}  // namespace

TEST_CASE("a publisher that loses 70,000 races publishes when it wins the next", "[log][bounds]") {
  LogFixture f({.blocks = 4});
  auto& loser = f.publisher();
  auto& winner = f.publisher();
  REQUIRE(loser.publish("x"));
  seal(f);
  int races = 0;
  bool inside = false;
  f.world.on_now = [&] {  // between the loser's reservation and its link
    if (inside || races == 70'000) return;
    inside = true;
    ++races;
    if (!winner.publish("y")) races = 70'000;
    seal(f);
    inside = false;
  };
  CHECK(loser.publish("z").status() == Status::ok);
  CHECK(races == 70'000);
}

TEST_CASE("a reader that is lapped again and again tries again, and does not sleep", "[log][bounds]") {
  LogFixture f({.blocks = 4});
  auto& p = f.publisher();
  f.publish_to_block(p, 2);
  auto& s = f.subscriber();
  REQUIRE(s.poll(1).size() == 1);
  f.publish_to_block(p, 20);
  bool inside = false;
  int laps = 0;
  f.header().gated.store(std::uint64_t{1} << p.port);
  f.world.on_ring = [&] {  // between the reader's pin and its look at the ring
    if (inside || ++laps > 500) return;
    inside = true;
    f.publish_to_block(p, f.tail_block() + 5);
    f.header().gated.store(std::uint64_t{1} << p.port);
    inside = false;
  };
  s.poll(1);
  while (!s.poll().empty()) {
  }
  REQUIRE(laps > 60);
  REQUIRE(laps < 500);
  CHECK(s.reader->look());
  CHECK(s.status() == Status::ok);
}

TEST_CASE("a loop that goes on while the tail moves ends when the tail stands still or goes back", "[log][bounds]") {
  TailWatch watch(3);
  std::uint64_t tail = ~std::uint64_t{0} - 50'000;
  for (int i = 0; i < 100'000; ++i) REQUIRE(watch.goes_on(tail += 1));
  CHECK(watch.moved());
  CHECK(watch.goes_on(tail));
  CHECK_FALSE(watch.moved());
  CHECK(watch.goes_on(tail + 1));
  CHECK(watch.goes_on(tail + 1));
  CHECK(watch.goes_on(tail + 1));
  CHECK_FALSE(watch.goes_on(tail + 1));
  TailWatch back(3);
  CHECK(back.goes_on(tail));
  CHECK_FALSE(back.goes_on(tail - 1));
}

TEST_CASE("a tail that does not fit the ring ends the search for the end of the log", "[log][bounds]") {
  LogFixture f;
  f.publish_to_block(f.publisher(), 3);
  f.place_tail(f.log().format().make(77, 64, 1));
  CHECK(shmbus::log::end_of(f.log()).number == shmbus::log::kNone);
  CHECK(f.subscriber({.start = shmbus::Start::latest()}).status() == Status::corrupt);
  CHECK(f.publisher().publish("x").status() == Status::corrupt);
}
