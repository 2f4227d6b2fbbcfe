// A group on a topic in memory: each worker is a member that takes and acknowledges one event at a time.

#include <unistd.h>

#include <stdexcept>

#include "queue_rate.hpp"
#include "shmbus/shmbus.hpp"

namespace {

void fill(const std::string& name, std::uint64_t events) {
  auto bus = shmbus::Bus::open(name);
  // Blocks of 256 KiB hold 2,048 events of 64 B and more.
  auto publisher = bus.publisher("queue", {.blocks = events / 2048 + 2});
  const auto group = bus.group("queue", "workers");
  const std::string payload(64, 'x');
  for (std::uint64_t i = 0; i < events; ++i) {
    if (!publisher.publish(payload)) throw std::runtime_error("the ring can't hold the events");
  }
}

void work(const std::string& name, shmbus::measure::Role& role) {
  auto bus = shmbus::Bus::open(name);
  auto group = bus.group("queue", "workers");
  role.meet();
  for (std::uint64_t settled = 1;; ++settled) {
    shmbus::Lease lease = group.try_take();
    if (!lease) return;
    const shmbus::Status status = lease.acknowledge();
    if (status != shmbus::Status::ok) throw std::runtime_error(shmbus::to_string(status));
    if (settled % 64 == 0) role.advance(64);  // the count is one cache line for all workers
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string bus = "bench-" + std::to_string(::getpid());
  return peers::measure_queue(
      {.name = "group",
       .description = "shmbus, a group on a topic in memory",
       .batches = false,
       .fill = [&](const peers::QueueJob& job) { fill(bus, job.events); },
       .work = [&](const peers::QueueJob&, const std::string&, shmbus::measure::Role& role) { work(bus, role); },
       .clear = [&] { shmbus::Bus::remove(bus); }},
      argc, argv);
}
