// Placed ports that no subscription will adopt, and demotions that must not hit the wrong subscription.

#include <catch2/catch.hpp>

#include "log/gate.hpp"
#include "log/ports.hpp"
#include "support/fill_ring.hpp"
#include "support/log_fixture.hpp"

using namespace test;
using shmbus::Status;
using shmbus::layout::kHoldConfirmed;
using shmbus::layout::kPlaced;
using shmbus::layout::port_mode;
using shmbus::log::BlockLog;

TEST_CASE("a placed port holds publishers back until its subscription adopts it", "[log][gating][withdraw]") {
  LogFixture f;
  auto& p = f.publisher();
  f.place_for(f.new_node(), 5, true);
  CHECK(fill_ring(p).status == Status::back_pressured);
  f.world.pass_time(100 * f.world.stall_limit_ns);
  CHECK(p.publish_bytes(kQuarter).status() == Status::back_pressured);
}

TEST_CASE("a placed port whose subscription left the list is withdrawn", "[log][gating][withdraw]") {
  LogFixture f;
  auto& p = f.publisher();
  const unsigned port = f.place_for(f.new_node(), 5, true);
  CHECK(fill_ring(p).status == Status::back_pressured);
  f.world.unlisted.insert(5);
  CHECK(p.publish_bytes(kQuarter));
  CHECK(f.log().subscriber(port).owner.load() == 0);
}

TEST_CASE("a placed port whose subscription reads through another one is withdrawn", "[log][gating][withdraw]") {
  LogFixture f;
  auto& p = f.publisher();
  const std::uint64_t node = f.new_node();
  const unsigned doubled = f.place_for(node, 5, true);
  const unsigned used = f.place_for(node, 5, false);
  f.log().subscriber(used).words.pin.store(100);  // its subscription has read on
  CHECK(fill_ring(p).status == Status::ok);
  CHECK(f.log().subscriber(doubled).owner.load() == 0);
  CHECK(f.log().subscriber(used).owner.load() == node);
}

TEST_CASE("a port of another subscription of the same node does not stand in for a placed one",
          "[log][gating][withdraw]") {
  LogFixture f;
  auto& p = f.publisher();
  const std::uint64_t node = f.new_node();
  const unsigned placed = f.place_for(node, 5, true);
  const unsigned other = f.place_for(node, 6, false);
  f.log().subscriber(other).words.pin.store(100);
  CHECK(fill_ring(p).status == Status::back_pressured);
  CHECK(f.log().subscriber(placed).owner.load() == (node | kPlaced));
}

TEST_CASE("a placed port that its subscription cannot adopt is withdrawn after the stall limit",
          "[log][gating][withdraw]") {
  LogFixture f;
  auto& p = f.publisher();
  const unsigned port = f.place_for(f.new_node(), 5, true);
  f.world.not_attaching.insert(5);
  CHECK(fill_ring(p).status == Status::back_pressured);
  f.world.pass_time(f.world.stall_limit_ns - 1);
  CHECK(p.publish_bytes(kQuarter).status() == Status::back_pressured);
  f.world.pass_time(1);
  CHECK(p.publish_bytes(kQuarter));
  CHECK(f.log().subscriber(port).owner.load() == 0);
}

TEST_CASE("an adopted port is never withdrawn", "[log][gating][withdraw]") {
  LogFixture f;
  auto& p = f.publisher();
  const std::uint64_t node = f.new_node();
  const unsigned port = f.place_for(node, 5, false);
  f.world.not_attaching.insert(5);
  f.world.unlisted.insert(5);
  CHECK(fill_ring(p).status == Status::back_pressured);
  f.world.pass_time(100 * f.world.stall_limit_ns);
  CHECK(p.publish_bytes(kQuarter).status() == Status::back_pressured);
  CHECK(f.log().subscriber(port).owner.load() == node);
}

TEST_CASE("a port is adopted by the subscription it was placed for, and no other", "[log][gating][withdraw]") {
  LogFixture f;
  const std::uint64_t node = f.new_node();
  const unsigned port = f.place_for(node, 5, true);
  NodeEnvironment environment(f.world, node);
  BlockLog log(f.memory.control(), f.memory.blocks(), f.memory.geometry(), environment, &environment);
  CHECK_FALSE(shmbus::log::adopt_subscriber(log, port, 6));
  CHECK(f.log().subscriber(port).owner.load() == (node | kPlaced));
  CHECK(shmbus::log::adopt_subscriber(log, port, 5));
  CHECK(f.log().subscriber(port).owner.load() == node);
}

TEST_CASE("a demotion that is due does not hit the port's next subscription of the same node",
          "[log][gating][withdraw]") {
  LogFixture f;
  auto& p = f.publisher();
  const std::uint64_t node = f.new_node();
  const unsigned port = f.place_for(node, 5, false, 1000);
  auto& shared = f.log().subscriber(port);
  CHECK(fill_ring(p).status == Status::back_pressured);
  f.world.pass_time(2000);
  // The publisher has loaded the mode of subscription 5. Before it goes on, the port goes to subscription 6, which has
  // held publishers back for as long.
  f.world.on_monotonic = [&] {
    f.world.on_monotonic = nullptr;
    shared.subscription.store(6);
    shared.mode.store(port_mode(6, true));
  };
  CHECK(p.publish_bytes(kQuarter).status() == Status::back_pressured);
  CHECK(shared.mode.load() == port_mode(6, true));
}

TEST_CASE("time in which a publisher was stopped before it set held_since does not count", "[log][gating][withdraw]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true, .demote_after = 1000});
  int readings = 0;
  // The publisher reads the clock, is stopped for long, and then stores the mark. It reads the clock again behind the
  // mark, and finds that it was stopped.
  f.world.on_monotonic = [&] {
    if (++readings == 2) f.world.pass_time(1'000'000'000);
  };
  CHECK(fill_ring(p).status == Status::back_pressured);
  f.world.on_monotonic = nullptr;
  CHECK((s.shared().held_since.load() & kHoldConfirmed) == 0);
  CHECK(p.publish_bytes(kQuarter).status() == Status::back_pressured);  // sets a new mark
  CHECK(s.shared().held_since.load() == (f.world.monotonic_ns.load() | kHoldConfirmed));
  CHECK(s.shared().mode.load() == port_mode(s.node, true));
  f.world.pass_time(1000);
  CHECK(p.publish_bytes(kQuarter));
  CHECK(s.shared().mode.load() == port_mode(s.node, false));
}

TEST_CASE("an unconfirmed mark is checked again soon", "[log][gating][withdraw]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true, .demote_after = 1'000'000'000});
  CHECK(fill_ring(p).status == Status::back_pressured);
  s.shared().held_since.store(f.world.monotonic_ns & ~kHoldConfirmed);  // its publisher died before it confirmed it
  CHECK(shmbus::log::next_demotion(f.log()) < 10'000'000);
  f.world.pass_time(10'000'000);
  CHECK(p.publish_bytes(kQuarter).status() == Status::back_pressured);
  CHECK(s.shared().held_since.load() == (f.world.monotonic_ns.load() | kHoldConfirmed));
}
