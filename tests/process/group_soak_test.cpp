// A group that works for long: nothing grows in its members.

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "group_bus.hpp"
#include "support/shared_value.hpp"

using namespace std::chrono_literals;
using shmbus::Group;
using shmbus::Lease;
using shmbus::Status;
using test::ForkedProcess;
using test::GroupBus;
using test::Parent;

namespace {

constexpr unsigned kMembers = 3;

struct Shared {
  std::atomic<std::uint64_t> handled{0};
  std::atomic<bool> over{false};
};

/// What a process has of the kernel.
struct Possessions {
  std::uint64_t descriptors = 0, mappings = 0, resident = 0;  // the last in KiB

  static Possessions now() {
    Possessions p;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) ++p.descriptors;
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) ++p.mappings;
    std::ifstream statm("/proc/self/statm");
    std::uint64_t size = 0;
    statm >> size >> p.resident;
    p.resident *= 4;
    return p;
  }
};

/// Takes and acknowledges until the end. Says what it had after its first part, and what it has at the end.
void work(const GroupBus& f, Shared& shared, shmbus::Order order, const Parent& parent) {
  shmbus::Bus bus = shmbus::Bus::open(f.name.name());
  shmbus::GroupOptions options = test::prompt();
  options.order = order;
  options.window = 65'536;
  Group group = bus.group("t", "g", options);
  parent.say();
  std::uint64_t mine = 0;
  Possessions early;
  while (!shared.over) {
    Lease lease = group.take(20ms);
    if (!lease) continue;
    if (mine % 1000 == 999)
      test::require(lease.give_back(0s) == Status::ok, "a give-back");
    else
      test::require(lease.acknowledge() == Status::ok, "an acknowledgement");
    if (++mine % 1024 == 0) shared.handled += 1024;
    if (mine == 500'000) early = Possessions::now();
  }
  const Possessions late = Possessions::now();
  test::require(group.lost() == 0, "lost events");
  for (const std::uint64_t word :
       {mine, early.descriptors, late.descriptors, early.mappings, late.mappings, early.resident, late.resident})
    parent.say(word);
}

}  // namespace

// A hundred million events; SHMBUS_SOAK_EVENTS says otherwise.
TEST_CASE("a group of a hundred million events grows nowhere", "[group][long]") {
  const char* given = std::getenv("SHMBUS_SOAK_EVENTS");
  const std::uint64_t events = given != nullptr ? std::strtoull(given, nullptr, 10) : 100'000'000 / test::slowness;
  const auto order = GENERATE(shmbus::Order::any, shmbus::Order::by_key);
  GroupBus f;
  const test::SharedValue<Shared> shared;
  shmbus::Publisher publisher = f.bus.publisher("t", {.block_size = 1 << 20, .blocks = 8});
  std::deque<ForkedProcess> members;
  for (unsigned i = 0; i < kMembers; ++i) {
    members.emplace_back([&](const Parent& parent) { work(f, *shared, order, parent); });
    members.back().hear();
  }
  // Others come and die beside them, one after the other.
  std::thread deaths([&] {
    while (!shared->over) {
      ForkedProcess mortal([&](const Parent& parent) { work(f, *shared, order, parent); });
      mortal.hear();
      std::this_thread::sleep_for(500ms);
      mortal.kill();
    }
  });
  const auto began = std::chrono::steady_clock::now();
  const std::array<std::string, 8> keys{"a", "b", "c", "d", "e", "f", "g", "h"};
  const std::string payload(64, 'p');
  if (order == shmbus::Order::any) {
    const std::vector<std::span<const std::byte>> batch(64, std::as_bytes(std::span{payload}));
    for (std::uint64_t n = 0; n < events;) {
      const auto result = publisher.publish_all_for(test::patience, batch);
      REQUIRE(result);
      n += result.published();
    }
  } else {
    for (std::uint64_t n = 0; n < events / 10; ++n)
      REQUIRE(publisher.publish(payload, {.timeout = test::patience, .key = keys[n % keys.size()]}));
  }
  std::this_thread::sleep_for(200ms);  // the rest
  shared->over = true;
  deaths.join();
  for (ForkedProcess& member : members) {
    std::array<std::uint64_t, 7> words{};
    for (std::uint64_t& word : words) word = member.hear();
    const auto& [mine, fds, late_fds, maps, late_maps, kib, late_kib] = words;
    std::cout << "a member of a group: " << mine << " events; descriptors " << fds << " to " << late_fds
              << ", mappings " << maps << " to " << late_maps << ", resident " << kib << " to " << late_kib << " KiB"
              << std::endl;
    CHECK(member.wait() == test::End{});
    if (fds == 0) continue;      // it took too few to tell
    CHECK(late_fds <= fds + 1);  // the watch over the one that comes and dies
    CHECK(late_maps <= maps + 4);
    CHECK(late_kib <= kib + 8 * 1024);
  }
  std::cout << std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count() << " s" << std::endl;
  Group last = f.bus.group("t", "g", test::prompt());
  while (Lease lease = last.take(200ms)) static_cast<void>(lease.acknowledge());
  CHECK(last.lost() == 0);
}
