#include "client/attached_topic.hpp"

#include <algorithm>

#include "base/trace_ids.hpp"
#include "log/ports.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

using topic::TopicSegment;

AttachedTopic::AttachedTopic(std::shared_ptr<TopicSegment> segment, unsigned port, std::uint64_t subscription)
    : TopicReader({segment->name().text(),
                   {segment->bus(), segment->id(), base::call_base(segment->bus(), segment->id(), subscription)},
                   &segment->header().type_hash},
                  reader),
      reader(segment->log(), port),
      segment_(std::move(segment)) {
  listen();
}

std::shared_ptr<AttachedTopic> AttachedTopic::attach(std::shared_ptr<TopicSegment> segment,
                                                     const registry::StandingSubscription& s, Start start,
                                                     bool always_start) {
  log::BlockLog& log = segment->log();
  std::optional<unsigned> port;
  bool placed = false;
  for (unsigned i = 0; i < layout::kMaxSubscribers && !placed; ++i) {
    placed = log::adopt_subscriber(log, i, s.id);
    if (placed) port = i;
  }
  if (!port) {
    port = log::attach_subscriber(log, {s.node, s.bell, s.id, s.reliable, s.demote_after, s.name}, log::kNone, 0);
  }
  if (!port) {
    throw Error(ErrorCode::limit,
                {segment->name().object(), "at most " + std::to_string(layout::kMaxSubscribers) + " subscribers",
                 "all ports in use", "share a subscription within a process"});
  }
  std::shared_ptr<AttachedTopic> attached;
  try {
    attached.reset(new AttachedTopic(segment, *port, s.id));
  } catch (...) {
    log::detach_subscriber(log, *port);
    throw;
  }
  if (placed) attached->reader.adopt();
  if (!placed || always_start) attached->reader.start(start);
  attached->withdraw_doubles(s.id);
  return attached;
}

AttachedTopic::~AttachedTopic() {
  stop_listening();
  if (!forked() && segment_->has_expected_sizes()) log::detach_subscriber(segment_->log(), reader.port());
}

/// For a reliable subscriber's port. A port that retired is lossy, too, but was not demoted; so that is checked first.
bool AttachedTopic::demoted() const noexcept {
  const auto mode = segment_->log().subscriber(reader.port()).mode.load(std::memory_order_acquire);
  return (mode & 1) == 0 && !retired_.load(std::memory_order_acquire);
}

void AttachedTopic::retire() noexcept {
  retired_.store(true, std::memory_order_release);
  if (!segment_->has_expected_sizes()) return;
  log::retire_subscriber(segment_->log(), reader.port());
}

/// A poll for no event goes on to the start that is looked for by time. A start at a later sequence is in the port.
std::uint64_t AttachedTopic::begin_sequence() noexcept {
  reader.poll([](const EventRecord&) {}, 0);
  const auto shown = segment_->log().subscriber(reader.port()).words.position.load(std::memory_order_relaxed);
  return std::max(next_sequence(), shown);
}

Time AttachedTopic::to_time(const EventRecord& record) noexcept {
  if (!segment_->log().timestamps()) return Time{};
  return Time{std::chrono::nanoseconds{segment_->to_ns(record.stamp, reader.block_opened())}};
}

void AttachedTopic::withdraw_doubles(std::uint64_t subscription) noexcept { withdraw_ports(*segment_, subscription); }

void withdraw_ports(TopicSegment& segment, std::uint64_t subscription) noexcept {
  if (!segment.has_expected_sizes()) return;
  for (unsigned i = 0; i < layout::kMaxSubscribers; ++i) {
    log::withdraw_port(segment.log(), i, segment.node().id(), subscription);
  }
}

}  // namespace shmbus::detail
