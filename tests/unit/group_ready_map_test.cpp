#include "group/ready_map.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <thread>

#include "support/group_fixture.hpp"

using shmbus::group::ReadyMap;
using test::GroupMemory;

namespace {

/// Waits without sleeping at first, so that both threads go on at one moment.
template <class Condition>
void wait_until(Condition condition) {
  for (unsigned i = 0; !condition(); ++i) {
    if (i > 2'000) std::this_thread::yield();
  }
}

}  // namespace

TEST_CASE("M1: a bit that was set while others cleared theirs is found from the top", "[group][ready]") {
  GroupMemory memory;
  ReadyMap map(memory.shared(), memory.slots());
  constexpr std::uint32_t kFirst = 0, kSet = 1, kSecond = 64;  // two in one word, one in another, under one summary
  std::atomic<unsigned> begun{0}, ended{0};
  constexpr unsigned kLast = ~0u;
  std::thread other([&] {
    for (unsigned r = 1;; ++r) {
      unsigned now = 0;
      wait_until([&] { return (now = begun.load()) == r || now == kLast; });
      if (now == kLast) return;
      for (int i = 0; i < 4; ++i) {
        map.set(kFirst);
        map.clear(kFirst);
      }
      ended.store(r);
    }
  });
  std::mt19937 random(Catch::rngSeed());
  unsigned lost = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{1};  // a loaded machine does fewer rounds
  for (unsigned r = 1; r <= 200'000 && std::chrono::steady_clock::now() < end; ++r) {
    begun.store(r);
    map.set(kSecond);
    for (unsigned i = random() % 64; i != 0; --i) std::atomic_signal_fence(std::memory_order_seq_cst);
    map.set(kSet);
    map.clear(kSecond);
    wait_until([&] { return ended.load() == r; });
    if (!map.next(0)) ++lost;
    map.clear(kSet);
  }
  begun.store(kLast);
  other.join();
  CHECK(lost == 0);
}

TEST_CASE("M1: a look before sleeping finds a bit that a stopped member hides", "[group][ready]") {
  GroupMemory memory(1, shmbus::layout::kMaxWindow);
  ReadyMap map(memory.shared(), memory.slots());
  CHECK_FALSE(map.look_through());
  const std::uint32_t slot = GENERATE(0u, 63u, 4095u, 4096u, shmbus::layout::kMaxWindow - 1);
  map.set(slot);
  SECTION("it cleared the top's bit") { memory.shared().ready_top.store(0); }
  SECTION("it cleared both bits above") {
    memory.shared().ready_top.store(0);
    memory.shared().ready_summary[slot / 4096].store(0);
  }
  CHECK_FALSE(map.next(0));
  CHECK(map.look_through());
  CHECK(map.next(0) == slot);
  CHECK(map.clear(slot));
  CHECK(map.empty());
  CHECK_FALSE(map.look_through());
}
