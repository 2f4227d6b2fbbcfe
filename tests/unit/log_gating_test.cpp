// Reliable subscribers hold the ring back.

#include <catch2/catch.hpp>

#include "log/gate.hpp"
#include "log/ports.hpp"
#include "support/fill_ring.hpp"
#include "support/log_fixture.hpp"

using namespace test;
using shmbus::Status;
using shmbus::layout::port_mode;
using Sequences = std::vector<std::uint64_t>;

TEST_CASE("a reliable subscriber holds the ring back, and loses nothing", "[log][gating]") {
  const bool exclusive = GENERATE(false, true);
  LogFixture f({.exclusive = exclusive});
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  CHECK(fill_ring(p).last == 12);  // 4 blocks of three events
  CHECK(f.sealed());
  CHECK(f.log().publisher(p.port).words.where.load() == shmbus::log::kNone);
  CHECK(f.ring(1).holds(1));
  CHECK(s.poll(3).size() == 3);
  CHECK(p.publish_bytes(kQuarter).status() == Status::back_pressured);  // it is still inside block 1
  CHECK(s.poll(1).size() == 1);
  CHECK(p.publish_bytes(kQuarter).sequence() == 13);
  CHECK(s.drain().size() == 9);
  CHECK(fill_ring(p).last == 24);
  CHECK(s.drain().size() == 11);
  CHECK(s.lost() == 0);
}

TEST_CASE("a lossy subscriber holds nobody back", "[log][gating]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  for (int i = 0; i < 100; ++i) REQUIRE(p.publish_bytes(kQuarter));
  s.drain();
  CHECK(s.lost() > 0);
}

TEST_CASE("a pin gates its own block and all later ones", "[log][gating]") {
  LogFixture f;
  auto& p = f.publisher();
  f.publish_to_block(p, 6);  // 3 to 6 are linked; 3 would leave
  const std::uint64_t node = f.new_node();
  const unsigned port = f.place_pin(node, 1, true);
  for (const std::uint64_t pin : {1u, 2u, 3u}) {
    f.log().subscriber(port).words.pin.store(pin);
    CHECK(shmbus::log::gated(f.log(), 3));
  }
  for (const std::uint64_t pin : {4u, 5u, 7u}) {
    f.log().subscriber(port).words.pin.store(pin);
    CHECK_FALSE(shmbus::log::gated(f.log(), 3));
  }
  f.log().subscriber(port).words.pin.store(shmbus::log::kNone);
  CHECK_FALSE(shmbus::log::gated(f.log(), 3));
}

TEST_CASE("dead subscribers do not gate, and their ports are cleared", "[log][gating]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  REQUIRE(fill_ring(p).status == Status::back_pressured);
  f.world.kill(s.node);
  CHECK(p.publish_bytes(kQuarter));
  CHECK(s.shared().owner.load() == 0);
  CHECK(s.shared().words.pin.load() == shmbus::log::kNone);
  CHECK((f.header().subscribers.load() >> s.port & 1) == 0);
}

TEST_CASE("a dead subscriber that a living node repairs does not gate", "[log][gating]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  REQUIRE(fill_ring(p).status == Status::back_pressured);
  f.world.kill(s.node);
  s.shared().owner.store(f.new_node() | shmbus::layout::kRepairing);  // a repairer that was stopped
  CHECK(p.publish_bytes(kQuarter));
  CHECK(s.shared().words.pin.load() == 1);  // the pin still protects its block
}

TEST_CASE("a subscriber that detaches gates no more, and wakes the publishers", "[log][gating]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  REQUIRE(fill_ring(p).status == Status::back_pressured);
  f.header().gated.store(std::uint64_t{1} << p.port);
  shmbus::log::detach_subscriber(s.log, s.port);
  CHECK(f.world.take_rings() == std::vector<std::uint64_t>{p.environment.bell()});
  CHECK(f.header().gated.load() == 0);
  CHECK(p.publish_bytes(kQuarter));
}

TEST_CASE("a subscriber that moves its pin wakes the publishers that wait", "[log][gating]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  REQUIRE(fill_ring(p).status == Status::back_pressured);
  f.header().gated.store(std::uint64_t{1} << p.port);
  s.poll(3);
  CHECK(f.world.take_rings().empty());
  s.poll(1);
  CHECK(f.world.take_rings() == std::vector<std::uint64_t>{p.environment.bell()});
}

TEST_CASE("a subscriber is demoted after it held publishers back for demote_after", "[log][gating]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true, .demote_after = 1000});
  CHECK(fill_ring(p).last == 12);
  CHECK(s.shared().held_since.load() == (f.world.monotonic_ns.load() | shmbus::layout::kHoldConfirmed));
  f.world.pass_time(999);
  CHECK(p.publish_bytes(kQuarter).status() == Status::back_pressured);
  CHECK(shmbus::log::next_demotion(f.log()) == 1);
  f.header().gated.store(std::uint64_t{1} << p.port);
  f.world.pass_time(1);
  CHECK(p.publish_bytes(kQuarter).sequence() == 13);
  CHECK(s.shared().mode.load() == port_mode(s.node, false));
  CHECK(f.world.take_rings() == std::vector<std::uint64_t>{p.environment.bell()});
  for (int i = 0; i < 30; ++i) CHECK(p.publish_bytes(kQuarter));
}

TEST_CASE("the time that a subscriber holds publishers back ends when it moves on", "[log][gating]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true, .demote_after = 1000});
  for (int round = 0; round < 5; ++round) {
    REQUIRE(fill_ring(p).status == Status::back_pressured);
    f.world.pass_time(900);
    CHECK(p.publish_bytes(kQuarter).status() == Status::back_pressured);
    s.poll(4);
    CHECK(s.shared().held_since.load() == 0);
  }
  CHECK(s.shared().mode.load() == port_mode(s.node, true));
  CHECK(s.lost() == 0);
}

TEST_CASE("without demote_after a subscriber stays reliable", "[log][gating]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  REQUIRE(fill_ring(p).status == Status::back_pressured);
  f.world.pass_time(1'000'000'000'000);
  CHECK(p.publish_bytes(kQuarter).status() == Status::back_pressured);
  CHECK(s.shared().mode.load() == port_mode(s.node, true));
  CHECK(shmbus::log::next_demotion(f.log()) == shmbus::log::kNone);
}

TEST_CASE("a mark that is later than the publisher's own clock reading demotes nobody", "[log][gating]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true, .demote_after = 1000});
  REQUIRE(fill_ring(p).status == Status::back_pressured);
  s.shared().held_since.store(f.world.monotonic_ns + 5);  // by a publisher on another core
  CHECK(p.publish_bytes(kQuarter).status() == Status::back_pressured);
  CHECK(s.shared().mode.load() == port_mode(s.node, true));
  CHECK(shmbus::log::next_demotion(f.log()) >= 1000);
}

TEST_CASE("a demoted subscriber is lapped like any lossy one, and counts what it lost", "[log][gating]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true, .demote_after = 1000});
  REQUIRE(fill_ring(p).status == Status::back_pressured);
  f.world.pass_time(1000);
  for (int i = 0; i < 30; ++i) REQUIRE(p.publish_bytes(kQuarter));
  const auto seen = s.drain_sequences();
  CHECK(seen.back() == 42);
  CHECK(seen.size() + s.lost() == 42);
  CHECK(s.lost() > 0);
}

TEST_CASE("a subscriber that attaches while the ring moves keeps what it pinned", "[log][gating]") {
  LogFixture f;
  auto& p = f.publisher();
  for (int i = 0; i < 12; ++i) p.publish_bytes(kQuarter);
  TestSubscriber* s = nullptr;
  f.world.on_now = [&] {  // after the look at the pins, before the ring moves
    if (s == nullptr) s = &f.subscriber({.start = shmbus::Start::oldest(), .reliable = true});
  };
  CHECK(p.publish_bytes(kQuarter).sequence() == 13);
  REQUIRE(s != nullptr);
  f.world.on_now = nullptr;
  REQUIRE(fill_ring(p).status == Status::back_pressured);
  const auto seen = s->drain_sequences();
  CHECK(seen.front() == 1);  // its block left the ring, and is pinned
  CHECK(seen.size() == 15);
  CHECK(s->lost() == 0);
}

TEST_CASE("a publisher recognises the subscription that holds it back among those of one node", "[log][gating]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& holds = f.subscriber({.reliable = true});
  auto& lossy = f.subscriber();
  holds.shared().subscription = 7;
  lossy.shared().subscription = 8;
  CHECK_FALSE(shmbus::log::gated_by(f.log(), 7));
  REQUIRE(fill_ring(p).status == Status::back_pressured);
  CHECK(shmbus::log::gated_by(f.log(), 7));
  CHECK_FALSE(shmbus::log::gated_by(f.log(), 8));
  CHECK_FALSE(shmbus::log::gated_by(f.log(), holds.node));
  holds.drain();
  CHECK_FALSE(shmbus::log::gated_by(f.log(), 7));
}
