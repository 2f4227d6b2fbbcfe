#include "log/held_port.hpp"

#include <algorithm>

#include "shmbus/detail/crash_point.hpp"

namespace shmbus::log {

using layout::kHeld;
using layout::kPlaced;
using layout::kRepairing;
using layout::SubscriberPort;

namespace {

bool is_reliable(const SubscriberPort& port) noexcept { return (port.mode.load(std::memory_order_seq_cst) & 1) != 0; }

bool has_name(const SubscriberPort& port, std::string_view name) noexcept {
  decltype(port.name)::Buffer buffer;
  return port.hold_for.load(std::memory_order_relaxed) != 0 && port.name.load_to(buffer) == name;
}

/// Changes the owner word of a port that keeps a place under this name. Whoever calls this holds the name, so no living
/// process uses the port. The name is checked again, since the port may have got another tenant in the meantime (SYNC
/// text).
bool own(SubscriberPort& port, std::string_view name, std::uint64_t owner) noexcept {
  std::uint64_t before = port.owner.load(std::memory_order_seq_cst);
  if (before == 0 || (before & (kRepairing | kPlaced)) != 0 || !has_name(port, name)) return false;
  const std::uint64_t former = before;
  if (!port.owner.compare_exchange_strong(before, owner, std::memory_order_seq_cst)) return false;
  if (has_name(port, name)) return true;
  port.owner.store(former, std::memory_order_seq_cst);
  return false;
}

}  // namespace

bool keep_port(BlockLog& log, unsigned number) noexcept {
  SubscriberPort& port = log.subscriber(number);
  std::uint64_t owner = port.owner.load(std::memory_order_seq_cst);
  if (owner == 0 || (owner & (kRepairing | kPlaced)) != 0 || !is_reliable(port)) return false;
  if ((owner & kHeld) != 0) return true;
  if (port.hold_for.load(std::memory_order_relaxed) == 0 || log.environment().alive(owner)) return false;
  // Before the change: a publisher that finds the port held begins to count from its own mark.
  port.held_since.store(0, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("keep_port.forgiven");
  const bool kept = port.owner.compare_exchange_strong(owner, owner | kHeld, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("keep_port.held");
  return kept || (owner & kHeld) != 0;
}

void leave_held_port(BlockLog& log, unsigned number) noexcept {
  SubscriberPort& port = log.subscriber(number);
  if (!is_reliable(port)) {
    detach_subscriber(log, number);
    return;
  }
  port.held_since.store(0, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("leave_held_port.forgiven");
  port.owner.store(log.environment().self() | kHeld, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("leave_held_port.held");
}

std::optional<unsigned> take_held_port(BlockLog& log, const SubscriberPlace& place) noexcept {
  std::optional<unsigned> taken;
  for_each_port(log.header().subscribers.load(std::memory_order_seq_cst), [&](unsigned i) {
    SubscriberPort& port = log.subscriber(i);
    // Without kRepairing, since a port that is being filled gates nobody.
    if (!own(port, place.name, place.node)) return;
    SHMBUS_CRASH_POINT("take_held_port.owned");
    if (taken ||
        !is_reliable(port)) {  // its time was up; a second one is of a holder that died while it took the first
      if (taken) {
        auto& pin = log.subscriber(*taken).words.pin;
        pin.store(std::min(pin.load(std::memory_order_relaxed), port.words.pin.load(std::memory_order_relaxed)),
                  std::memory_order_seq_cst);
      }
      detach_subscriber(log, i);
      return;
    }
    port.subscription.store(place.subscription, std::memory_order_release);
    port.demote_after.store(place.demote_after, std::memory_order_relaxed);
    port.hold_for.store(place.hold_for, std::memory_order_relaxed);
    port.bell.store(place.bell, std::memory_order_relaxed);
    port.held_since.store(0, std::memory_order_seq_cst);
    port.mode.store(layout::port_mode(place.subscription, true), std::memory_order_seq_cst);
    SHMBUS_CRASH_POINT("take_held_port.taken");
    taken = i;
  });
  return taken;
}

bool free_held_port(BlockLog& log, unsigned number) noexcept {
  auto& owner = log.subscriber(number).owner;
  std::uint64_t held = owner.load(std::memory_order_seq_cst);
  if ((held & kHeld) == 0 ||
      !owner.compare_exchange_strong(held, log.environment().self() | kRepairing, std::memory_order_seq_cst))
    return false;
  SHMBUS_CRASH_POINT("free_held_port.marked");
  detach_subscriber(log, number);
  return true;
}

void free_held_ports(BlockLog& log, std::string_view name) noexcept {
  for_each_port(log.header().subscribers.load(std::memory_order_seq_cst), [&](unsigned i) {
    if (own(log.subscriber(i), name, log.environment().self() | kRepairing)) detach_subscriber(log, i);
  });
}

}  // namespace shmbus::log
