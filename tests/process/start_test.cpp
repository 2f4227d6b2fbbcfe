// At which event a subscriber begins in a topic that another process filled.

#include <catch2/catch.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Event;
using shmbus::Start;
using test::ForkedProcess;
using test::Parent;

namespace {

void publish_in_another_process(const std::string& bus, const std::string& topic, int count,
                                const shmbus::TopicOptions& options = {}) {
  ForkedProcess publisher{[&](const Parent&) {
    shmbus::Bus member = shmbus::Bus::open(bus);
    shmbus::Publisher p = member.publisher(topic, options);
    for (int i = 0; i < count; ++i) test::require(bool{p.publish("0123456789012345")}, "publish");
  }};
  REQUIRE(publisher.wait() == test::End{});
}

struct Read {
  std::uint64_t first = 0, last = 0, count = 0, lost = 0;
};

Read read(shmbus::Subscriber& subscriber) {
  Read r;
  while (subscriber.poll([&](const Event& e) {
    if (r.first == 0) r.first = e.sequence();
    r.last = e.sequence();
    ++r.count;
  }) != 0) {
  }
  r.lost = subscriber.lost();
  return r;
}

Read read_from(shmbus::Bus& bus, Start start) {
  shmbus::Subscriber subscriber = bus.subscriber("t", {.start = start});
  return read(subscriber);
}

}  // namespace

TEST_CASE("a subscriber starts where it asks to among another process's events", "[start]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  publish_in_another_process(name.name(), "t", 500);
  std::this_thread::sleep_for(5ms);
  const shmbus::Time middle = std::chrono::system_clock::now();
  std::this_thread::sleep_for(5ms);
  publish_in_another_process(name.name(), "t", 500);

  const auto check = [&](Start start, std::uint64_t first) {
    const Read r = read_from(bus, start);
    CHECK(r.first == first);
    CHECK(r.last == 1000);
    CHECK(r.count == 1000 - first + 1);
    CHECK(r.lost == 0);
  };
  check(Start::oldest(), 1);
  check(Start::sequence(1), 1);
  check(Start::sequence(0), 1);
  check(Start::sequence(777), 777);
  check(Start::sequence(1000), 1000);
  check(Start::last(1), 1000);
  check(Start::last(10), 991);
  check(Start::last(1000), 1);
  check(Start::last(100'000), 1);
  check(Start::time(middle), 501);
  check(Start::time(shmbus::Time{}), 1);

  CHECK(read_from(bus, Start::latest()).count == 0);
  CHECK(read_from(bus, Start::last(0)).count == 0);
  CHECK(read_from(bus, Start::sequence(1001)).count == 0);
  CHECK(read_from(bus, Start::time(std::chrono::system_clock::now() + 1h)).count == 0);

  shmbus::Subscriber latest = bus.subscriber("t");
  shmbus::Subscriber future = bus.subscriber("t", {.start = Start::sequence(1201)});
  shmbus::Subscriber soon = bus.subscriber("t", {.start = Start::time(std::chrono::system_clock::now())});
  std::this_thread::sleep_for(5ms);
  publish_in_another_process(name.name(), "t", 500);
  const Read from_latest = read(latest), from_future = read(future), from_soon = read(soon);
  CHECK(from_latest.first == 1001);
  CHECK(from_latest.count == 500);
  CHECK(from_future.first == 1201);
  CHECK(from_future.count == 300);
  CHECK(from_future.lost == 0);
  CHECK(from_soon.first == 1001);
  CHECK(from_soon.count == 500);
}

TEST_CASE("requested events that are no longer retained count as lost", "[start]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  publish_in_another_process(name.name(), "t", 5000, {.block_size = 4096, .blocks = 4});
  const Read oldest = read_from(bus, Start::oldest());
  CHECK(oldest.first > 1);
  CHECK(oldest.last == 5000);
  CHECK(oldest.count == 5000 - oldest.first + 1);
  CHECK(oldest.lost == 0);

  const Read from_one = read_from(bus, Start::sequence(1));
  CHECK(from_one.first == oldest.first);
  CHECK(from_one.lost == oldest.first - 1);
  const Read last = read_from(bus, Start::last(4900));
  CHECK(last.count + last.lost <= 4900);
  CHECK(last.last == 5000);
  CHECK(read_from(bus, Start::time(shmbus::Time{})).first == oldest.first);
}

TEST_CASE("a start at a time is refused on a topic without time stamps, with a message", "[start]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.publisher("t", {.timestamps = false}).publish("x");
  std::optional<shmbus::ErrorCode> code;
  try {
    bus.subscriber("t", {.start = Start::time(std::chrono::system_clock::now())});
  } catch (const shmbus::Error& error) {
    code = error.code();
    CHECK(error.object().find("'t'") != std::string::npos);
    CHECK(!error.remedy().empty());
  }
  CHECK(code == shmbus::ErrorCode::invalid_option);
  CHECK(read_from(bus, Start::oldest()).count == 1);
}
