#include "client/group_gate.hpp"

#include <algorithm>

#include "layout/port.hpp"
#include "log/held_port.hpp"
#include "log/log_end.hpp"
#include "log/ports.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::detail {

using layout::SubscriberPort;

/// As much as the port holds.
std::string GroupGate::port_name(const std::string& group) {
  constexpr std::size_t kMost = sizeof(SubscriberPort::name) - 1;
  return ("group:" + group).substr(0, kMost);
}

GroupGate::GroupGate(topic::TopicSegment& segment, std::uint64_t group, const std::string& name, std::uint64_t bell,
                     std::uint64_t abandon_after_ns)
    : segment_(&segment),
      group_(group),
      name_(port_name(name)),
      bell_(bell),
      abandon_after_ns_(segment.journal() != nullptr ? 0 : abandon_after_ns) {}

bool GroupGate::is_ours(unsigned port) const noexcept {
  const SubscriberPort& p = segment_->log().subscriber(port);
  return p.subscription.load(std::memory_order_acquire) == group_ &&
         (p.mode.load(std::memory_order_seq_cst) & 1) != 0 && p.hold_for.load(std::memory_order_relaxed) != 0;
}

/// Finds the group's port, and takes it over where its owner has ended. A second one whose owner has ended is freed: E2.
/// Returns false where there is none.
bool GroupGate::take_over() noexcept {
  log::BlockLog& log = segment_->log();
  bool found = false;
  log::for_each_port(log.header().subscribers.load(std::memory_order_seq_cst), [&](unsigned i) {
    if (!is_ours(i)) return;
    SubscriberPort& port = log.subscriber(i);
    std::uint64_t owner = port.owner.load(std::memory_order_seq_cst);
    if (owner == 0 || (owner & layout::kRepairing) != 0) return;
    const std::uint64_t self = segment_->node().id();
    if ((owner & layout::kHeld) != 0 || !log.environment().alive(layout::owner_node(owner))) {
      const std::uint64_t former = owner;
      if (port.owner.compare_exchange_strong(owner, found ? self | layout::kRepairing : self,
                                             std::memory_order_seq_cst)) {
        SHMBUS_CRASH_POINT("group_gate.taken");
        if (!is_ours(i)) {  // another tenant's by now, with the same owner word
          port.owner.store(former, std::memory_order_seq_cst);
          return;
        }
        if (found) {
          log::detach_subscriber(log, i);
          return;
        }
        port.bell.store(bell_, std::memory_order_relaxed);
        port.held_since.store(0, std::memory_order_seq_cst);
      } else if ((owner & layout::kRepairing) != 0) {
        return;
      }
    }
    if (!found) port_.store(static_cast<int>(i), std::memory_order_release);
    found = true;
  });
  if (!found) port_.store(-1, std::memory_order_release);
  return found;
}

bool GroupGate::hold(std::uint64_t block, std::uint64_t floor) noexcept {
  if (abandon_after_ns_ == 0) return true;
  if (take_over()) return true;
  log::SubscriberPlace place;
  place.node = segment_->node().id();
  place.bell = bell_;
  place.subscription = group_;
  place.reliable = true;
  place.name = name_;
  place.hold_for = abandon_after_ns_;
  const auto made = log::attach_subscriber(segment_->log(), place, block, floor);
  SHMBUS_CRASH_POINT("group_gate.made");
  if (made) port_.store(static_cast<int>(*made), std::memory_order_release);
  return made.has_value();
}

void GroupGate::keep() noexcept {
  if (abandon_after_ns_ != 0) take_over();
}

void GroupGate::move(std::uint64_t floor) noexcept {
  const int number = port_.load(std::memory_order_acquire);
  if (number < 0 || !is_ours(static_cast<unsigned>(number))) return;
  if (!move_port(static_cast<unsigned>(number), floor)) return;
  log::for_each_port(segment_->log().header().subscribers.load(std::memory_order_seq_cst), [&](unsigned i) {  // E2
    if (static_cast<int>(i) != number && is_ours(i)) move_port(i, floor);
  });
}

/// Returns whether it moved.
bool GroupGate::move_port(unsigned number, std::uint64_t floor) noexcept {
  log::BlockLog& log = segment_->log();
  SubscriberPort& port = log.subscriber(number);
  std::uint64_t pin = port.words.pin.load(std::memory_order_seq_cst);
  log::Block next;
  std::uint64_t block = pin;
  if (pin == log::kNone || log.find(pin + 1, next) != log::FindResult::found || next.first_sequence > floor)
    return false;
  const log::End end = log::end_of(log);
  if (end.number == log::kNone) return false;
  while (block < end.number && log.find(block + 1, next) == log::FindResult::found && next.first_sequence <= floor)
    ++block;
  while (pin < block && !port.words.pin.compare_exchange_weak(pin, block, std::memory_order_seq_cst)) {
  }
  SHMBUS_CRASH_POINT("group_gate.moved");
  port.words.position.store(floor, std::memory_order_relaxed);  // for monitors
  if (port.held_since.load(std::memory_order_seq_cst) != 0) port.held_since.store(0, std::memory_order_seq_cst);
  if (log.header().gated.load(std::memory_order_seq_cst) != 0) log.wake_publishers();
  return true;
}

void GroupGate::leave(std::uint64_t next_node) noexcept {
  const int number = port_.load(std::memory_order_acquire);
  if (number < 0 || !segment_->has_expected_sizes() || !is_ours(static_cast<unsigned>(number))) return;
  SubscriberPort& port = segment_->log().subscriber(static_cast<unsigned>(number));
  std::uint64_t self = segment_->node().id();
  if (next_node != 0) {
    port.owner.compare_exchange_strong(self, next_node, std::memory_order_seq_cst);
    return;
  }
  if (port.owner.load(std::memory_order_seq_cst) == self)
    log::leave_held_port(segment_->log(), static_cast<unsigned>(number));
}

}  // namespace shmbus::detail
