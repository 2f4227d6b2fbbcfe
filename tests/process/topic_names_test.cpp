// A process's memory does not grow with the number of topic names that it has asked for.

#include <malloc.h>

#include <catch2/catch.hpp>
#include <string>

#include "shmbus/shmbus.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

namespace {

std::size_t heap() { return ::mallinfo2().uordblks; }

}  // namespace

TEST_CASE("the heap does not grow with the names of topics that were asked for", "[topic_names]") {
  if (test::slowness != 1) return;  // a sanitizer's allocator counts differently
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  const auto ask = [&](unsigned n) {
    REQUIRE_FALSE(bus.find_topic("some.rather.long.name.of.a.topic.that.is.not.there." + std::to_string(n)));
  };
  const auto come_and_go = [&](unsigned n) {
    const std::string topic = "comes.and.goes." + std::to_string(n);
    bus.publisher(topic, {.block_size = 4096, .blocks = 2}).publish("x");
    REQUIRE(bus.find_topic(topic));
    REQUIRE(bus.remove_topic(topic));
  };
  ask(0);
  for (unsigned n = 0; n < 100; ++n) come_and_go(n);
  const std::size_t before = heap();
  for (unsigned n = 1; n < 20'000; ++n) ask(n);
  for (unsigned n = 100; n < 600; ++n) come_and_go(n);
  const std::size_t after = heap();
  INFO(before << " bytes before, " << after << " after");
  CHECK(after < before + 100'000);
}
