#include "group/sweep.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <thread>

#include "support/group_fixture.hpp"

using namespace shmbus::group;
using shmbus::layout::kMaxMembers;
using test::GroupMemory;
using test::GroupNodes;

namespace {

constexpr std::uint64_t kMs = 1'000'000, kLease = 1'000 * kMs, kNow = 1'000'000 * kMs;

/// A group with one member, which sweeps.
struct Fixture {
  explicit Fixture(std::uint64_t back_off_ns = 0)
      : sweep(window, members, guard, limit, back_off(back_off_ns), kLease) {
    REQUIRE(members.join(0, 0, 1, "") == me);
  }
  static BackOff back_off(std::uint64_t ns) {
    shmbus::layout::GroupRecord record{};
    record.back_offs = 1;
    record.back_off_ns[0] = ns;
    return BackOff(std::vector<std::uint64_t>(record.back_off_ns, record.back_off_ns + record.back_offs));
  }
  /// A member of a node that is dead.
  unsigned dead_member() {
    const auto other = nodes.make();
    return Members(memory.shared(), *other).join(0, 0, 1, "").value();
  }
  Held lease(std::uint64_t sequence, unsigned member, std::uint64_t end_ns = kNow + kLease) {
    Held held;
    REQUIRE(window.lease_next(sequence, member, kNow, WhenWord::moment_after(end_ns), held) == Window::Step::done);
    return held;
  }
  void walked(std::uint64_t sequence, unsigned member = me) { memory.shared().members[member].walked.store(sequence); }
  bool is_ready(std::uint64_t sequence) {
    return window.ready().next(static_cast<std::uint32_t>(sequence)) == sequence % memory.slots();
  }

  static constexpr unsigned me = 0;
  GroupNodes nodes{};
  std::unique_ptr<shmbus::registry::Node> node = nodes.make();
  GroupMemory memory{};
  Window window = memory.window();
  Members members{memory.shared(), *node};
  FloodGuard guard{memory.shared()};
  shmbus::group::LeaseLimit limit{memory.shared(), 2};
  Sweep sweep;
};

shmbus::group::LeaseLimit no_limit(GroupMemory& memory) { return {memory.shared(), 0}; }

}  // namespace

TEST_CASE("a sweep leaves a member alone that takes over a dead one's entry meanwhile", "[group][sweep]") {
  GroupNodes nodes;
  const auto sweeper = nodes.make(), living = nodes.make();
  for (int i = 0; i < 300; ++i) {
    GroupMemory memory;
    Window window = memory.window();
    Members members(memory.shared(), *sweeper);
    FloodGuard guard(memory.shared());
    const std::uint64_t dead = nodes.make()->id();
    // The sweep takes a moment to ask for the nodes of all the other entries.
    for (unsigned m = 1; m < kMaxMembers; ++m) memory.shared().members[m].owner.store(living->id());
    memory.shared().members[0].owner.store(dead);
    memory.shared().members[1].walked.store(2);
    Held held;
    std::atomic<bool> go{false};
    std::thread successor([&] {
      while (!go.load()) {
      }
      std::uint64_t expected = dead;  // another sweep freed the entry
      memory.shared().members[0].owner.compare_exchange_strong(expected, 0);
      if (expected != dead) return;
      expected = 0;
      if (memory.shared().members[0].owner.compare_exchange_strong(expected, living->id()))
        window.lease_next(1, 0, kNow, WhenWord::moment_after(kNow + kLease), held);
    });
    Sweep sweep(window, members, guard, no_limit(memory), {}, kLease);
    go.store(true);
    sweep.run(kNow, nullptr);
    successor.join();
    if (held.sequence == 0) continue;
    CHECK(members.owner(0) == living->id());
    REQUIRE(window.word(1) == held.word);
  }
}

TEST_CASE("W5: a member whose lease was extended holds it, also where a sweep finds its former end", "[group][sweep]") {
  GroupNodes nodes;
  const auto node = nodes.make();
  unsigned extended = 0, broken = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{500};
  do {
    GroupMemory memory;
    Window window = memory.window();
    Members members(memory.shared(), *node);
    FloodGuard guard(memory.shared());
    Sweep sweep(window, members, guard, no_limit(memory), {}, kLease);
    REQUIRE(members.join(0, 0, 2, "") == 0);
    Held held;
    REQUIRE(window.lease_next(1, 0, kNow, WhenWord::moment_after(kNow + kLease), held) == Window::Step::done);
    std::atomic<int> here{0};
    const auto meet = [&] {
      ++here;
      while (here.load() != 2) {
      }
    };
    bool done = false;
    std::thread holder([&] {
      meet();
      done = window.extend(held, kNow, WhenWord::moment_after(kNow + 10 * kLease));
    });
    meet();
    sweep.run(kNow + 2 * kLease, nullptr);
    holder.join();
    if (!done) continue;
    ++extended;
    if (window.word(1) != held.word) ++broken;
  } while (std::chrono::steady_clock::now() < end);
  CHECK(extended != 0);
  CHECK(broken == 0);
}

TEST_CASE("a sweep moves the floor for a member that died before it did", "[group][sweep]") {
  Fixture f;
  const unsigned dead = f.dead_member();
  const Held held = f.lease(1, dead);
  f.memory.slot(1).word.store(held.word.with(SlotState::settled).bits());
  f.walked(2);
  f.sweep.run(kNow, nullptr);
  CHECK(f.window.floor() == 2);
}

TEST_CASE("U1: a sweep that its member stops in is done by another one", "[group][sweep]") {
  Fixture f;
  f.lease(1, Fixture::me);
  f.walked(2);
  f.window.due().lower(WhenWord::moment_of(kNow));
  REQUIRE(f.sweep.take(kNow));
  CHECK_FALSE(f.sweep.take(kNow));
  const std::uint64_t again = f.window.due().moment();
  CHECK(again == WhenWord::moment_after(kNow + f.sweep.period_ns()));
  CHECK(Sweep(f.window, f.members, f.guard, f.limit, {}, kLease).take(WhenWord::ns(again)));
}

TEST_CASE("U1: a sweep that finds nothing in flight is the last one", "[group][sweep]") {
  Fixture f;
  f.window.due().lower(WhenWord::moment_of(kNow));
  REQUIRE(f.sweep.take(kNow));
  SECTION("nothing happens meanwhile") {
    f.sweep.run(kNow, nullptr);
    CHECK(f.window.due().moment() == Due::kNever);
  }
  SECTION("an event waits for a moment meanwhile") {
    f.window.due().lower(WhenWord::moment_of(kNow));
    f.sweep.run(kNow, nullptr);
    CHECK(f.window.due().moment() == WhenWord::moment_of(kNow));
  }
  SECTION("an event is in flight") {
    const Held held = f.lease(1, Fixture::me);
    f.walked(2);
    f.sweep.run(kNow, nullptr);
    CHECK(f.window.due().moment() == WhenWord::moment_after(kNow + f.sweep.period_ns()));
    REQUIRE(f.window.settle(held));
    REQUIRE(f.sweep.take(kNow + 2 * f.sweep.period_ns()));
    f.sweep.run(kNow + 2 * f.sweep.period_ns(), nullptr);
    CHECK(f.window.due().moment() == Due::kNever);
  }
}

TEST_CASE("U1: an event that is leased while a sweep finds nothing in flight has a sweep", "[group][sweep]") {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{500};
  GroupNodes nodes;
  const auto node = nodes.make();
  unsigned forgotten = 0;
  do {
    GroupMemory memory;
    Window window = memory.window();
    Members members(memory.shared(), *node);
    FloodGuard guard(memory.shared());
    Sweep sweep(window, members, guard, no_limit(memory), {}, kLease);
    REQUIRE(members.join(0, 0, 1, "") == 0);
    window.due().lower(WhenWord::moment_of(kNow));
    REQUIRE(sweep.take(kNow));
    std::atomic<int> here{0};
    const auto meet = [&] {
      ++here;
      while (here.load() != 2) {
      }
    };
    std::thread holder([&] {
      meet();
      Held held;
      window.lease_next(1, 0, kNow, WhenWord::moment_after(kNow + kLease), held);
      memory.shared().members[0].walked.store(2);
      if (window.due().moment() == Due::kNever) window.due().lower(WhenWord::moment_after(kNow + kLease));
    });
    meet();
    sweep.run(kNow, nullptr);
    holder.join();
    if (window.due().moment() == Due::kNever) ++forgotten;
  } while (std::chrono::steady_clock::now() < end);
  CHECK(forgotten == 0);
}

TEST_CASE("S1: an event that a dead member leased unseen becomes ready after its back-off", "[group][sweep]") {
  Fixture f(100 * kMs);
  const unsigned dead = f.dead_member();
  f.lease(1, dead);  // it died before it showed that it walked over it
  f.sweep.run(kNow, nullptr);
  CHECK(f.window.word(1).state() == SlotState::waiting);
  CHECK_FALSE(f.is_ready(1));
  CHECK(f.members.owner(dead) == 0);
  const std::uint64_t due = f.window.due().moment();
  REQUIRE(f.sweep.take(WhenWord::ns(due)));
  f.sweep.run(WhenWord::ns(due), nullptr);
  CHECK(f.is_ready(1));
}

TEST_CASE("S2: a slot without a moment waits a whole lease after two sweeps have seen it", "[group][sweep]") {
  Fixture f;
  const SlotWord word = GENERATE_REF(SlotWord(f.memory.round(1), 1, Fixture::me, SlotState::leased),
                                     SlotWord(f.memory.round(1), 1, Fixture::me, SlotState::waiting));
  f.walked(2);
  f.memory.slot(1).word.store(word.bits());
  // The first sweep read the clock, and stopped; the lease began later, before the sweep looked.
  const std::uint64_t began = kNow + 10 * kLease;
  f.sweep.run(kNow, nullptr);
  f.sweep.run(began + 1, nullptr);
  f.sweep.run(began + kLease, nullptr);
  CHECK_FALSE(f.window.when(1).of(word));
  f.sweep.run(began + kLease + 1, nullptr);
  CHECK(f.window.when(1).of(word));
  f.sweep.run(began + kLease + 2 * kMs, nullptr);
  CHECK(f.window.word(1).state() == SlotState::waiting);
  CHECK(f.is_ready(1));
}

TEST_CASE("S2: a slot without a moment is timed anew when its word changes", "[group][sweep]") {
  Fixture f;
  f.walked(2);
  for (std::uint64_t leases = 1; leases <= 5; ++leases) {
    const SlotWord word(f.memory.round(1), leases, Fixture::me, SlotState::leased);
    f.memory.slot(1).word.store(word.bits());
    f.sweep.run(kNow + leases * kLease, nullptr);
    CHECK_FALSE(f.window.when(1).of(word));
  }
}

TEST_CASE("B2: a sweep corrects the count of leases that a dead member left too high", "[group][sweep]") {
  Fixture f;
  CHECK(f.limit.take());
  const Held held = f.lease(1, f.me);
  f.walked(2);
  CHECK(f.limit.take());  // its member died before it took the slot
  CHECK_FALSE(f.limit.take());
  CHECK(f.limit.reached());
  f.sweep.run(kNow, nullptr);
  CHECK_FALSE(f.limit.reached());
  CHECK(f.limit.take());
  CHECK(f.limit.reached());
  CHECK(f.window.settle(held));
  f.limit.give();
  CHECK_FALSE(f.limit.reached());
}

TEST_CASE("B1: a lease that expires does not count any more, though its holder never ends it", "[group][sweep]") {
  Fixture f;
  REQUIRE(f.limit.take());
  REQUIRE(f.limit.take());
  f.lease(1, f.me, kNow);
  f.lease(2, f.me);
  f.walked(3);
  CHECK(f.limit.reached());
  f.sweep.run(kNow + 2 * kMs, nullptr);
  CHECK_FALSE(f.limit.reached());
}
