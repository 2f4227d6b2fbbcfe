#include "bench_bus.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <exception>
#include <shmbus/bus.hpp>

#include "measure/machine.hpp"
#include "measure/role_processes.hpp"

namespace shmbus::bench {

namespace {

void remove(const std::string& name) noexcept {
  try {
    Bus::remove(name);
  } catch (const std::exception& error) {
    fmt::print(stderr, "shmbus-bench: bus '{}' is left in /dev/shm: {}\n", name, error.what());
  }
}

}  // namespace

/// Removes a bus of the same name that a killed run with the same pid left.
BenchBus::BenchBus() : name_(fmt::format("bench-{}", ::getpid())) { remove(name_); }

BenchBus::~BenchBus() { remove(name_); }

void need_shm(std::uint64_t bytes) {
  const std::uint64_t free = measure::this_machine().shm_free;
  if (free >= bytes) return;
  throw measure::Failure(fmt::format(
      "/dev/shm: expected {} MiB for the rings of this measurement, found {} MiB free; give smaller --sizes, "
      "--block-size or --blocks, or mount it larger",
      (bytes >> 20) + 1, free >> 20));
}

}  // namespace shmbus::bench
