#include "durable/held_place.hpp"

#include <optional>
#include <string>
#include <utility>

#include "log/block_search.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::durable {

std::unique_ptr<HeldPlace> HeldPlace::take(std::shared_ptr<topic::TopicSegment> segment,
                                           const log::SubscriberPlace& place) {
  const auto port = log::take_held_port(segment->log(), place);
  return port ? std::unique_ptr<HeldPlace>(new HeldPlace(std::move(segment), *port)) : nullptr;
}

std::unique_ptr<HeldPlace> HeldPlace::make(std::shared_ptr<topic::TopicSegment> segment,
                                           const log::SubscriberPlace& place, std::uint64_t sequence) {
  log::BlockLog& log = segment->log();
  const log::End end = log::end_of(log);
  if (end.number == log::kNone) return nullptr;  // the segment is damaged, which its reader reports
  // The subscriber's own port gates meanwhile, so the block does not leave the ring before it is pinned.
  const std::uint64_t found = log::block_of(log, end, sequence);
  const std::uint64_t block = found != 0 ? found : std::max<std::uint64_t>(1, log::oldest_block(log, end));
  const auto port = log::attach_subscriber(log, place, block, sequence);
  if (!port) {
    throw Error(ErrorCode::limit, {segment->name().object(), "a second port for a durable subscriber with hold_for",
                                   "all ports in use", "share a subscription within a process, or leave hold_for out"});
  }
  SHMBUS_CRASH_POINT("held_place.made");
  return std::unique_ptr<HeldPlace>(new HeldPlace(std::move(segment), *port));
}

void HeldPlace::leave() noexcept {
  if (usable()) log::leave_held_port(segment_->log(), port_);
  there_ = false;
}

/// As a reader moves its pin: the move comes before the look at `gated`, and all are sequentially consistent.
void HeldPlace::move_to(std::uint64_t sequence) noexcept {
  if (!usable()) return;
  log::BlockLog& log = segment_->log();
  layout::SubscriberPort& port = log.subscriber(port_);
  port.words.position.store(sequence, std::memory_order_release);
  const std::uint64_t pin = port.words.pin.load(std::memory_order_relaxed);  // only the holder writes it
  const log::End end = log::end_of(log);
  if (end.number == log::kNone || pin == log::kNone) return;
  std::uint64_t block = std::max(pin, log::oldest_block(log, end));
  log::Block next;
  while (block < end.number && log.find(block + 1, next) == log::FindResult::found && next.first_sequence <= sequence)
    ++block;
  if (block == pin) return;
  port.words.pin.store(block, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("held_place.moved");
  if (port.held_since.load(std::memory_order_seq_cst) != 0) port.held_since.store(0, std::memory_order_seq_cst);
  if (log.header().gated.load(std::memory_order_seq_cst) != 0) log.wake_publishers();
}

void HeldPlace::give_up() noexcept {
  if (usable()) log::detach_subscriber(segment_->log(), port_);
  there_ = false;
}

bool HeldPlace::demoted() const noexcept {
  return (segment_->log().subscriber(port_).mode.load(std::memory_order_acquire) & 1) == 0;
}

}  // namespace shmbus::durable
