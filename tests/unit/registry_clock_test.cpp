// The bus's clock: stamps come from shared memory, and so do the pairs they are measured from.

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>

#include "platform/clock.hpp"
#include "registry/bus_clock.hpp"

using shmbus::log::Moment;
using shmbus::registry::BusClock;
using shmbus::registry::BusRecord;

TEST_CASE("a bus clock gives some time for any stamp and any opening of its block", "[registry]") {
  BusRecord bus;
  bus.clock = shmbus::layout::ClockKind::monotonic;
  bus.created_cycles = shmbus::platform::monotonic_ns();
  bus.created_ns = shmbus::platform::system_ns();
  BusClock clock(bus);
  const auto ns = GENERATE(as<std::int64_t>{}, 0, -1, std::numeric_limits<std::int64_t>::min(),
                           std::numeric_limits<std::int64_t>::max());
  const auto cycles = GENERATE(as<std::uint64_t>{}, 0, 1, std::uint64_t{1} << 63, ~std::uint64_t{0});
  for (const std::uint64_t stamp : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 63, ~std::uint64_t{0}})
    clock.to_ns(stamp, {cycles, ns});
  const Moment now = clock.now();
  CHECK(clock.to_ns(now.cycles, now) == now.ns);
}
