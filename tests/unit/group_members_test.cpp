#include "group/members.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "support/group_fixture.hpp"

using namespace shmbus::group;
using shmbus::layout::GroupMember;
using test::GroupMemory;
using test::GroupNodes;

TEST_CASE("G1: whoever frees an entry takes nothing of the next tenant's", "[group][members]") {
  GroupNodes nodes;
  const auto first = nodes.make(), next = nodes.make();
  const std::uint64_t dead = nodes.make()->id();
  unsigned joined = 0, damaged = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{500};
  do {
    GroupMemory memory;
    GroupMember& m = memory.shared().members[0];
    m.owner.store(dead);
    m.leases.store(10);
    m.acknowledged.store(10);
    std::thread one([&] { Members(memory.shared(), *first).free(0, dead); });
    while (m.leases.load() != 0) {
    }
    // Another one, which has taken the other counts, frees the entry, if nobody prevents it.
    std::uint64_t still = dead;
    m.owner.compare_exchange_strong(still, 0);
    while (m.owner.load() != 0) {
    }
    std::uint64_t none = 0;
    m.owner.compare_exchange_strong(none, next->id());
    m.leases.store(3);
    memory.shared().sleepers.fetch_or(1);
    one.join();
    ++joined;
    if (m.leases.load() != 3 || memory.shared().sleepers.load() != 1 || m.owner.load() != next->id() ||
        memory.shared().past[0].load() != 10)
      ++damaged;
  } while (std::chrono::steady_clock::now() < end);
  CHECK(joined != 0);
  CHECK(damaged == 0);
}
