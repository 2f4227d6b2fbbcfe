#include "log/ports.hpp"

#include "log/repair.hpp"
#include "log/sleep.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::log {

using layout::kRepairing;

namespace {

/// Takes the first port whose owner word is 0. If there is none, repairs the ports of dead processes and tries once
/// more.
template <class Port, class Repairer>
std::optional<unsigned> take_port(BlockLog& log, Port* ports, unsigned count, std::uint64_t owner,
                                  Repairer repair) noexcept {
  for (int round = 0; round < 2; ++round) {
    for (unsigned i = 0; i < count; ++i) {
      std::uint64_t free = 0;
      if (ports[i].owner.load(std::memory_order_relaxed) == 0 &&  // a hint; the compare-and-swap decides
          ports[i].owner.compare_exchange_strong(free, owner, std::memory_order_acq_rel)) {
        return i;
      }
    }
    if (round == 0) {
      for (unsigned i = 0; i < count; ++i) repair(log, i);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<unsigned> attach_publisher(BlockLog& log) noexcept {
  auto& header = log.header();
  const auto port =
      take_port(log, header.publisher_ports, layout::kMaxPublishers, log.environment().self(), repair_publisher);
  if (port) {
    SHMBUS_CRASH_POINT("attach.taken");
    auto& taken = log.publisher(*port);
    for (auto* counter : {&taken.words.published, &taken.words.bytes, &taken.waits, &taken.waiting_since}) {
      counter->store(0, std::memory_order_relaxed);
    }
    taken.bell.store(log.environment().bell(), std::memory_order_relaxed);  // published by the bitmap
    header.publishers.fetch_or(port_bit(*port), std::memory_order_seq_cst);
    SHMBUS_CRASH_POINT("attach.listed");
  }
  return port;
}

void detach_publisher(BlockLog& log, unsigned port) noexcept {
  log.publisher(port).words.where.store(kNone, std::memory_order_release);
  SHMBUS_CRASH_POINT("detach.unclaimed");
  log.header().gated.fetch_and(~port_bit(port), std::memory_order_acq_rel);
  log.header().publishers.fetch_and(~port_bit(port), std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("detach.unlisted");
  log.publisher(port).owner.store(0, std::memory_order_release);
  SHMBUS_CRASH_POINT("detach.freed");
}

std::optional<unsigned> attach_subscriber(BlockLog& log, const SubscriberPlace& place, std::uint64_t pin,
                                          std::uint64_t position) noexcept {
  auto& header = log.header();
  // The port is filled with our own node as owner, marked as a repairer does it, and handed over when it is complete:
  // if we die before, it is repaired as our port. Until then its pin protects, but does not gate. All stores that a
  // publisher's check pairs with are sequentially consistent.
  const std::uint64_t filling = log.environment().self() | kRepairing;
  const auto number = take_port(log, header.subscriber_ports, layout::kMaxSubscribers, filling, repair_subscriber);
  if (!number) return number;
  SHMBUS_CRASH_POINT("attach_subscriber.taken");
  auto& port = log.subscriber(*number);
  port.subscription.store(place.subscription,
                          std::memory_order_relaxed);  // all published by the bitmap and the owner word
  port.mode.store(layout::port_mode(place.subscription, place.reliable), std::memory_order_relaxed);
  port.demote_after.store(place.demote_after, std::memory_order_relaxed);
  port.hold_for.store(place.hold_for, std::memory_order_relaxed);
  port.held_since.store(0, std::memory_order_relaxed);
  port.bell.store(place.bell, std::memory_order_relaxed);
  port.name.store(place.name);
  for (auto* counter : {&port.words.lost, &port.words.delivered, &port.lapped, &port.wakeups, &port.handler_errors,
                        &port.mismatched, &port.latency}) {
    counter->store(0, std::memory_order_relaxed);
  }
  port.words.position.store(position, std::memory_order_relaxed);
  SHMBUS_CRASH_POINT("attach_subscriber.filled");
  header.subscribers.fetch_or(port_bit(*number), std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("attach_subscriber.listed");
  port.words.pin.store(pin, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("attach_subscriber.pinned");
  port.owner.store(place.node | (place.placed ? layout::kPlaced : 0), std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("attach_subscriber.handed_over");
  return number;
}

bool adopt_subscriber(BlockLog& log, unsigned number, std::uint64_t subscription) noexcept {
  auto& port = log.subscriber(number);
  std::uint64_t placed = log.environment().self() | layout::kPlaced;
  if (port.subscription.load(std::memory_order_acquire) != subscription ||
      !port.owner.compare_exchange_strong(placed, log.environment().self(), std::memory_order_seq_cst)) {
    return false;
  }
  SHMBUS_CRASH_POINT("attach_subscriber.taken_over");
  // Since the check, the port may have been withdrawn, and placed for another subscription of this node: the owner word
  // is then the same. No process changes the subscription of a port that we own. If it is another one, we hand the port
  // back as it was placed.
  if (port.subscription.load(std::memory_order_relaxed) != subscription) {
    port.owner.store(log.environment().self() | layout::kPlaced, std::memory_order_seq_cst);
    return false;
  }
  SHMBUS_CRASH_POINT("attach_subscriber.adopted");
  return true;
}

bool withdraw_port(BlockLog& log, unsigned number, std::uint64_t node, std::uint64_t subscription) noexcept {
  auto& port = log.subscriber(number);
  if (port.subscription.load(std::memory_order_acquire) != subscription) return false;
  std::uint64_t placed = node | layout::kPlaced;
  if (!port.owner.compare_exchange_strong(placed, log.environment().self() | kRepairing, std::memory_order_seq_cst)) {
    return false;
  }
  if (port.subscription.load(std::memory_order_relaxed) != subscription) {  // ours while marked
    port.owner.store(node | layout::kPlaced, std::memory_order_seq_cst);    // the same node's next one: leave it
    return false;
  }
  SHMBUS_CRASH_POINT("withdraw_port.marked");
  detach_subscriber(log, number);
  return true;
}

void make_lossy(BlockLog& log, unsigned number) noexcept {
  log.subscriber(number).mode.fetch_and(~std::uint64_t{1}, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("retire.lossy");
  log.wake_publishers();
}

void retire_subscriber(BlockLog& log, unsigned number) noexcept {
  auto& port = log.subscriber(number);
  make_lossy(log, number);
  port.words.pin.store(kNone, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("retire.unpinned");
  end_sleep(log, number);
  log.wake_publishers();
}

void detach_subscriber(BlockLog& log, unsigned number) noexcept {
  auto& header = log.header();
  auto& port = log.subscriber(number);
  port.words.pin.store(kNone, std::memory_order_release);
  SHMBUS_CRASH_POINT("detach_subscriber.unpinned");
  for (auto& slot : port.retained) slot.store(kNone, std::memory_order_release);
  header.words.waiters.fetch_and(~port_bit(number), std::memory_order_acq_rel);
  SHMBUS_CRASH_POINT("detach_subscriber.awake");
  header.subscribers.fetch_and(~port_bit(number), std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("detach_subscriber.unlisted");
  port.mode.store(0, std::memory_order_relaxed);
  port.hold_for.store(0, std::memory_order_relaxed);
  port.subscription.store(0, std::memory_order_relaxed);
  SHMBUS_CRASH_POINT("detach_subscriber.emptied");
  port.owner.store(0, std::memory_order_release);
  SHMBUS_CRASH_POINT("detach_subscriber.freed");
  log.wake_publishers();
}

bool take_exclusive(BlockLog& log, std::uint64_t& owner) noexcept {
  auto& word = log.header().exclusive_owner;
  owner = word.load(std::memory_order_acquire);
  do {
    if (owner != 0 && log.environment().alive(owner)) return false;
  } while (!word.compare_exchange_weak(owner, log.environment().self(), std::memory_order_acq_rel));
  SHMBUS_CRASH_POINT("exclusive.taken");
  return true;
}

void leave_exclusive(BlockLog& log) noexcept {
  log.header().exclusive_owner.store(0, std::memory_order_release);
  SHMBUS_CRASH_POINT("exclusive.left");
}

}  // namespace shmbus::log
