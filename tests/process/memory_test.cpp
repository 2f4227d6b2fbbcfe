// A full /dev/shm: every call returns an error, SIGBUS kills no process, and all goes on once there is room. Each test has
// a small /dev/shm of its own, in a mount namespace.

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <string>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/ballast.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/privileges.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::ErrorCode;
using shmbus::Event;
using shmbus::Start;
using shmbus::Status;
using test::Ballast;
using test::require_no_memory;
using test::SelfChecking;

namespace {

void with_small_memory(const std::function<void()>& body) { test::with_memory_of(8 << 20, body); }

void ignore(const Event&) {}

/// Bytes of /dev/shm behind a bus.
std::uint64_t resident(const std::string& bus) {
  constexpr std::uint64_t kUnit = 512;  // bytes in each unit of st_blocks
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator("/dev/shm")) {
    struct stat state {};
    if (file.path().filename().string().starts_with("shmbus." + bus + ".") && ::stat(file.path().c_str(), &state) == 0)
      bytes += static_cast<std::uint64_t>(state.st_blocks) * kUnit;
  }
  return bytes;
}

}  // namespace

TEST_CASE("a bus can't be created in a full /dev/shm, and can be once there is room", "[memory]") {
  with_small_memory([] {
    for (const std::uint64_t pages : {0u, 1u, 2u, 3u}) {
      const Ballast ballast(pages * 4096);
      try {
        shmbus::Bus bus = shmbus::Bus::open("b");
        bus.subscriber("t");
      } catch (const shmbus::Error& error) {
        test::require(error.code() == ErrorCode::no_memory, error.what());
      }
    }
    shmbus::Bus bus = shmbus::Bus::open("b");
    test::require(bool{bus.publisher("t").publish("x")}, "publish");
  });
}

TEST_CASE("a topic can't be created in a full /dev/shm, whichever part finds no room, and the bus goes on",
          "[memory]") {
  with_small_memory([] {
    shmbus::Bus bus = shmbus::Bus::open("b");
    shmbus::Subscriber subscriber = bus.subscriber(">");
    shmbus::Publisher before = bus.publisher("before");
    test::require(bool{before.publish("x")}, "publish");
    {
      const Ballast ballast;
      require_no_memory([&] { bus.topic("t"); });
      require_no_memory([&] { bus.publisher("t"); });
      test::require(bool{before.publish("x")}, "publish within a block that is there");
    }
    for (std::uint64_t pages = 1; pages < 100; pages += 3) {
      const Ballast ballast(pages * 4096);
      const std::string topic = "t" + std::to_string(pages);
      try {
        shmbus::Publisher p = bus.publisher(topic, {.block_size = 4096, .blocks = 2});
        const Status status = p.publish("x").status();
        test::require(status == Status::ok || status == Status::no_memory, shmbus::to_string(status));
      } catch (const shmbus::Error& error) {
        test::require(error.code() == ErrorCode::no_memory, error.what());
      }
      bus.remove_topic(topic);
    }
    test::require(bool{bus.publisher("t").publish("x")}, "publish with room");
    while (subscriber.poll(ignore) != 0) {
    }
    test::require(subscriber.status() == Status::ok, "status");
  });
}

TEST_CASE("a topic that outgrows /dev/shm retains less and counts what it dropped, while publishing goes on",
          "[memory]") {
  with_small_memory([] {
    shmbus::Bus bus = shmbus::Bus::open("b");
    for (const auto writers : {shmbus::Writers::shared, shmbus::Writers::exclusive}) {
      const std::string topic = writers == shmbus::Writers::shared ? "shared" : "exclusive";
      // 32 MiB of events, more than there is room for
      shmbus::Publisher p = bus.publisher(topic, {.block_size = 1 << 18, .blocks = 128, .writers = writers});
      shmbus::Subscriber subscriber = bus.subscriber(topic);
      std::uint64_t seen = 0;
      for (std::uint64_t n = 1; n <= 30'000; ++n) {
        const auto result = SelfChecking::publish(p, n, 128);
        test::require(result.sequence() == n, shmbus::to_string(result.status()));
        if (n % 7 == 0)
          seen += subscriber.poll([](const Event& e) { test::require(SelfChecking::whole(e.payload()), "torn"); }, 3);
      }
      while (const std::size_t n = subscriber.poll(ignore)) seen += n;
      test::require(seen + subscriber.lost() == 30'000, "seen and lost don't add up");
      shmbus::Subscriber late = bus.subscriber(topic, {.start = Start::oldest()});
      std::uint64_t retained = 0;
      while (const std::size_t n =
                 late.poll([](const Event& e) { test::require(SelfChecking::whole(e.payload()), "torn"); }))
        retained += n;
      test::require(retained > 1000 && retained < 30'000, "retained " + std::to_string(retained));
      const auto snapshot = shmbus::Inspector("b").snapshot();
      for (const auto& t : snapshot.topics)
        test::require(t.dropped_blocks > 0 && t.memory <= (8 << 20), "the dropped blocks are not counted");
      bus.remove_topic(topic);
    }
  });
}

TEST_CASE("a reliable subscriber's events are never dropped for want of memory: publishing gives no_memory",
          "[memory]") {
  with_small_memory([] {
    shmbus::Bus bus = shmbus::Bus::open("b");
    shmbus::Publisher p = bus.publisher("t", {.block_size = 1 << 18, .blocks = 128});
    shmbus::Subscriber subscriber = bus.subscriber("t", {.delivery = shmbus::Delivery::reliable});
    std::uint64_t published = 0, seen = 0;
    for (int round = 0; round < 3; ++round) {
      Status status = Status::ok;
      while (status == Status::ok) {
        const auto result = SelfChecking::publish(p, published + 1, 128);
        status = result.status();
        if (result) ++published;
        test::require(published < 100'000, "more than there is room for");
      }
      test::require(status == Status::no_memory, shmbus::to_string(status));
      while (const std::size_t n = subscriber.poll([&](const Event& e) {
        test::require(SelfChecking::whole(e.payload()), "torn");
        test::require(SelfChecking::number(e.payload()) == e.sequence(), "another event");
      }))
        seen += n;
      test::require(seen == published && subscriber.lost() == 0, "lost events");
    }
    test::require(seen > 10'000, "too few");
  });
}

TEST_CASE("a publisher that found no memory at all goes on once there is some", "[memory]") {
  with_small_memory([] {
    shmbus::Bus bus = shmbus::Bus::open("b");
    for (const auto writers : {shmbus::Writers::shared, shmbus::Writers::exclusive}) {
      const std::string topic = writers == shmbus::Writers::shared ? "shared" : "exclusive";
      shmbus::Publisher p = bus.publisher(topic, {.block_size = 1 << 20, .writers = writers});
      shmbus::Subscriber subscriber = bus.subscriber(topic);
      {
        const Ballast ballast(1 << 19);
        test::require(p.publish("x").status() == Status::no_memory, "publish without memory");
        test::require(p.loan(100).status() == Status::no_memory, "loan without memory");
        test::require(subscriber.poll(ignore) == 0 && subscriber.status() == Status::ok, "subscriber");
      }
      test::require(p.publish("x").sequence() == 1, "publish with memory");
      test::require(subscriber.poll(ignore) == 1, "poll");
    }
  });
}

TEST_CASE("a topic that reserves its memory fails at creation or never", "[memory]") {
  with_small_memory([] {
    shmbus::Bus bus = shmbus::Bus::open("b");
    require_no_memory([&] { bus.topic("large", {.block_size = 1 << 20, .blocks = 16, .reserve = true}); }, 7 << 20,
                      8 << 20);
    test::require(!bus.find_topic("large"), "a topic that could not be reserved exists");
    shmbus::Publisher p = bus.publisher("small", {.block_size = 1 << 18, .blocks = 8, .reserve = true});
    shmbus::Subscriber subscriber = bus.subscriber("small");
    const Ballast ballast;
    for (std::uint64_t n = 1; n <= 20'000; ++n) {
      test::require(SelfChecking::publish(p, n, 128).sequence() == n, "publish");
      if (n % 100 == 0) subscriber.poll(ignore, 10);
    }
    test::require(shmbus::Inspector("b").snapshot().topics.at(0).dropped_blocks == 0, "dropped blocks");
  });
}

TEST_CASE("a bus uses as much memory as the guide's formula gives", "[memory]") {
  constexpr std::uint64_t kKi = 1024, kTopics = 100, kServices = 7, kBlock = 256 * kKi;
  const test::TemporaryBus name;
  std::vector<shmbus::Bus> services;
  std::vector<shmbus::Publisher> publishers;
  std::vector<shmbus::Subscriber> subscribers;
  for (std::uint64_t i = 0; i < kServices; ++i) {
    services.push_back(shmbus::Bus::open(name.name()));
    subscribers.push_back(services.back().subscriber(">"));
  }
  for (std::uint64_t i = 0; i < kTopics; ++i) {
    publishers.push_back(services[i % kServices].publisher("topic." + std::to_string(i)));
    REQUIRE(publishers.back().publish("a small event"));
  }
  for (auto& subscriber : subscribers) CHECK(subscriber.poll(ignore) == kTopics);

  const std::uint64_t formula = (16 + kTopics / 4) * kKi + kTopics * (44 + 4 * kServices) * kKi + kTopics * kBlock;
  CHECK(static_cast<double>(resident(name.name())) == Approx(static_cast<double>(formula)).epsilon(0.1));
}
