#include "client/topic_port.hpp"

#include "log/ports.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

using registry::TopicSegment;

TopicPort::TopicPort(std::shared_ptr<TopicSegment> segment, unsigned port)
    : TopicReader({segment->name(), segment->header().bus, segment->id(), &segment->header().type_hash}, segment->log(),
                  port),
      segment_(std::move(segment)) {}

std::shared_ptr<TopicPort> TopicPort::attach(std::shared_ptr<TopicSegment> segment,
                                             const registry::StandingSubscription& s, Start start) {
  log::BlockLog& log = segment->log();
  for (unsigned i = 0; i < layout::kMaxSubscribers; ++i) {
    const auto& port = log.subscriber(i);
    if (port.owner.load(std::memory_order_acquire) != s.node ||
        port.subscription.load(std::memory_order_acquire) != s.id)
      continue;
    std::shared_ptr<TopicPort> adopted(new TopicPort(std::move(segment), i));
    adopted->reader.adopt();
    adopted->drop_doubles(s.id);
    return adopted;
  }
  const auto port =
      log::attach_subscriber(log, {s.node, s.bell, s.id, s.reliable, s.demote_after, s.name}, log::kNone, 0);
  if (!port) {
    throw Error(ErrorCode::limit, {"topic '" + segment->name() + "'",
                                   "at most " + std::to_string(layout::kMaxSubscribers) + " subscribers",
                                   "all ports in use", "share a subscription within a process"});
  }
  std::shared_ptr<TopicPort> attached(new TopicPort(std::move(segment), *port));
  attached->reader.start(start);
  return attached;
}

TopicPort::~TopicPort() {
  if (!segment_->node().forked()) log::detach_subscriber(segment_->log(), reader.port());
}

Time TopicPort::to_time(const log::Record& record) noexcept {
  if (!segment_->log().timestamps()) return Time{};
  return Time{std::chrono::nanoseconds{segment_->to_ns(record.stamp, reader.block_opened())}};
}

void TopicPort::end_sleep() noexcept {
  if ((waiters().load(std::memory_order_relaxed) & bit()) != 0)
    waiters().fetch_and(~bit(), std::memory_order_relaxed);  // a hint
}

void TopicPort::count_wakeup() noexcept {
  auto& wakeups = segment_->log().subscriber(reader.port()).wakeups;
  wakeups.store(wakeups.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);  // for the monitor alone
}

void TopicPort::drop_doubles(std::uint64_t subscription) noexcept {
  drop_placed_ports(*segment_, subscription, reader.port());
}

void drop_placed_ports(TopicSegment& segment, std::uint64_t subscription, unsigned except) noexcept {
  for (unsigned i = 0; i < layout::kMaxSubscribers; ++i) {
    auto& port = segment.header().subscriber_ports[i];
    std::uint64_t owner = segment.node().id();
    if (i == except || port.subscription.load(std::memory_order_acquire) != subscription) continue;
    if (port.owner.compare_exchange_strong(owner, owner | layout::kRepairing, std::memory_order_acq_rel)) {
      log::detach_subscriber(segment.log(), i);
    }
  }
}

}  // namespace shmbus::detail
