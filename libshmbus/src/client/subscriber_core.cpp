#include "client/subscriber_core.hpp"

#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "client/subscriber_options.hpp"
#include "client/topic_set.hpp"
#include "log/handled_event.hpp"
#include "log/quick_writer.hpp"
#include "platform/clock.hpp"
#include "platform/futex.hpp"
#include "platform/membarrier.hpp"
#include "shmbus/detail/cpu.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

using registry::TopicTable;

PollState& poll_state(SubscriberCore& core) noexcept { return core.state(); }
bool refresh_topics(SubscriberCore* core) noexcept { return core != nullptr && core->refresh(); }
void refuse_nested_poll(const PollState& state) {
  if (!log::HandledEvent::any_handler([&](const PollState& running) { return &running == &state; })) return;
  throw Error(ErrorCode::busy,
              {"Subscriber '" + state.core->pattern().text() + "'", "a poll outside of its own handler",
               "a nested poll, inside it", "return from the handler first"});
}
void nothing_polled(SubscriberCore& core) noexcept { core.nothing_polled(); }
void end_poll(PollState& state) noexcept { const auto ended = std::move(state.ended); }

SubscriberCore::SubscriberCore(std::shared_ptr<BusCore> bus, const base::Pattern& pattern,
                               const SubscriberOptions& options, TopicJoiner* joiner)
    : bus_(std::move(bus)), options_(options), joiner_(joiner), standing_{.pattern = pattern} {
  check_options(pattern, options);
  bus_->check_open();
  log::QuickWriter::start_causes();
  standing_.node = bus_->node().id();
  standing_.user = ::geteuid();
  standing_.owners = bus_->registry().owners();
  standing_.reliable = options.delivery == Delivery::reliable;
  standing_.demote_after = static_cast<std::uint64_t>(options.demote_after.count());
  standing_.name = options.name.empty() ? options.durable : options.name;
  if (!options.durable.empty()) {
    durable_ =
        std::make_unique<DurableSubscription>(bus_, base::DurableName(options.durable), pattern, options.hold_for);
    standing_.durable = durable_->lock_byte();
    standing_.standing_by = !durable_->take();
    if (standing_.standing_by && !options.standby) throw durable_->busy_error();
  }
  state_.generation = &bus_->topics().generation();
  state_.bus = bus_->registry().recorded().incarnation;
  state_.core = this;
  entry_ = bus_->subscriptions().add(standing_);
  state_.subscription = standing_.id;
  bell_ = bus_->registry().bell(standing_.bell);
  topics_ = std::make_unique<TopicSet>(bus_, standing_, entry_, options.start, options.see, state_, durable_.get(),
                                       joiner_);
  try {
    SHMBUS_CRASH_POINT("subscribe.listed");
    if (standing_.standing_by)
      durable_->stand_by(standing_.bell);
    else
      begin();
    SHMBUS_CRASH_POINT("subscribe.attached");
  } catch (...) {
    leave();
    throw;
  }
  update_pending();
  listen();
}

void SubscriberCore::begin() {
  wait_for_creators();
  SHMBUS_CRASH_POINT("subscribe.waited");
  topics_->attach_first();
  const bool resumed = durable_ && durable_->resumed();
  if (options_.start.kind() == Start::Kind::after && topics_->size() == 0 && !resumed) {
    throw Error(ErrorCode::stale_position,
                {standing_.pattern.topic().value().object(),
                 "to be the one that event " + options_.start.event().to_string() + " was of", "no such topic",
                 "begin with Start::oldest(), and count the events between as lost"});
  }
  if (durable_) durable_->establish();
}

void SubscriberCore::record_calls() noexcept {
  const std::size_t calls = options_.record_calls.value_or(0);
  if (calls != 0) recorder_ = trace::CallRecorder::create(bus_->member(), standing_, calls, 1);
  state_.recorder = recorder_.get();
}

SubscriberCore::~SubscriberCore() {
  stop_listening();
  if (!bus_->node().forked()) leave();
}

/// Takes the subscription off the list first. From then on, a creator that places a port for it also withdraws the
/// port, or the process that finishes the creator's work does.
void SubscriberCore::leave() noexcept {
  if (!bus_->registry().intact()) return;  // the list does not exist any more
  bus_->subscriptions().remove(entry_);
  SHMBUS_CRASH_POINT("unsubscribe.unlisted");
  topics_->leave();
}

/// The Subscriber is destroyed while a handler that poll runs on this thread goes on: poll returns no further events,
/// and then drops this core.
void SubscriberCore::end_in_handler(std::shared_ptr<SubscriberCore> self) noexcept {
  for (const auto& topic : state_.topics) attached_topic(*topic).stop();
  state_.pending = true;
  state_.ended = std::move(self);
}

void SubscriberCore::in_child() noexcept {
  closed_ = true;
  state_.pending = true;
  if (durable_) durable_->in_child();
}

/// Waits for topics that are just being created, so that they can be attached. A stopped creator is waited for until
/// the stall limit at most; it places our port when it goes on.
void SubscriberCore::wait_for_creators() {
  const std::uint64_t limit = platform::monotonic_ns() + bus_->registry().recorded().stall_limit_ns;
  for (;;) {
    bus_->finish_topics();
    const auto unfinished = bus_->topics().unfinished();
    const bool concerned = std::any_of(unfinished.begin(), unfinished.end(), [&](const TopicTable::Topic& topic) {
      return topic.phase() != layout::TopicPhase::ready && bus_->node().alive(topic.creator()) &&
             (!topic.name || standing_.pattern.covers(*topic.name));
    });
    if (!concerned || platform::monotonic_ns() > limit) return;
    std::this_thread::sleep_for(std::chrono::microseconds{200});
  }
}

bool SubscriberCore::refresh() noexcept {
  if (closed_) return false;
  if (durable_) {
    if (standing_by() && !take_over()) return false;
    acknowledge_polled();
  }
  if (topics_->generation_changed(std::memory_order_acquire)) topics_->refresh();
  if (topics_->unfinished() && --pending_polls_left_ == 0) {
    if (pending_pace_.due()) maintain();
    pending_polls_left_ = pending_pace_.polls();
  }
  update_pending();
  return true;
}

/// Polls take the slow path while something is to be tried again, and where they acknowledge what the one before handed
/// out.
void SubscriberCore::update_pending() noexcept {
  const bool durable = durable_ && (standing_by() || options_.acknowledge == Acknowledge::next_poll);
  state_.pending = closed_ || durable || topics_->unfinished();
}

void SubscriberCore::pause(std::chrono::nanoseconds time) const noexcept {
  const std::uint64_t end = platform::monotonic_ns() + static_cast<std::uint64_t>(time.count());
  for (;;) {
    const std::uint32_t bell = bell_->load(std::memory_order_acquire);
    const std::uint64_t now = platform::monotonic_ns();
    if (now >= end || interrupted()) return;
    platform::futex_wait(*bell_, bell, std::chrono::nanoseconds(end - now));
  }
}

void SubscriberCore::rest(std::chrono::nanoseconds time) noexcept {
  const std::uint32_t bell = bell_->load(std::memory_order_acquire);
  if (interrupted() || !usable() || joiner_->ready()) return;
  platform::futex_wait(*bell_, bell, time);
}

bool SubscriberCore::any_ready() noexcept {
  if (topics_->generation_changed(std::memory_order_acquire)) return true;
  return std::any_of(state_.topics.begin(), state_.topics.end(),
                     [](const auto& topic) { return attached_topic(*topic).ready(); });
}

bool SubscriberCore::look_everywhere() noexcept {
  if (topics_->generation_changed(std::memory_order_seq_cst)) return true;
  if (joiner_ != nullptr && joiner_->ready()) return true;
  bool found = false;
  for (const auto& topic : state_.topics) found = attached_topic(*topic).look() || found;
  return found;
}

/// Returns false where there is something to poll, so that the caller must not sleep. The caller has read the bell
/// before.
bool SubscriberCore::prepare_sleep() noexcept {
  if (standing_by()) return !durable_->name_free() && !interrupted();
  for (std::size_t i = 0; i < topics_->size(); ++i) {
    if (topics_->port(i).reader.status() == Status::ok) topics_->port(i).announce_sleep();
  }
  SHMBUS_CRASH_POINT("sleep.announced");
  // SYNC sleep: pairs with Writer::wake. After this, a publisher that has not committed yet sees our bit, and a commit
  // of one that did not see it is seen by us.
  if (!platform::membarrier()) {
    for (std::size_t i = 0; i < topics_->size(); ++i) {
      log::require_fences(topics_->port(i).segment().log());
    }
  }
  SHMBUS_CRASH_POINT("sleep.ordered");
  return !look_everywhere() && !interrupted();
}

void SubscriberCore::end_sleep() noexcept {
  for (std::size_t i = 0; i < topics_->size(); ++i) topics_->port(i).end_sleep();
}

/// Once per stall limit, every kind of reader cares for slow things: what dead creators left, segments that were cut
/// short, ports placed twice for this subscription, topics that could not be attached, and removed topics that were not
/// read to their end. Returns true if it attached or detached a topic, so that a wait must end.
bool SubscriberCore::maintain() noexcept {
  if (standing_by()) return false;
  const std::uint64_t now = platform::monotonic_ns();
  if (now - maintained_ < bus_->registry().recorded().stall_limit_ns) return false;
  maintained_ = now;
  bus_->finish_topics();
  topics_->check();
  const std::size_t before = topics_->size();
  if (topics_->unfinished()) topics_->refresh();
  update_pending();
  return topics_->size() != before;
}

std::uint64_t SubscriberCore::longest_sleep() const noexcept {
  constexpr std::uint64_t kAtOpenClaim = 20'000'000;  // ns; an open claim before a reader is checked soon
  const bool at_open_claim = std::any_of(state_.topics.begin(), state_.topics.end(), [](const auto& topic) {
    return attached_topic(*topic).reader.at_open_claim();
  });
  const std::uint64_t limit = bus_->registry().recorded().stall_limit_ns;
  return at_open_claim ? std::min(limit, kAtOpenClaim) : limit;
}

bool SubscriberCore::wait(std::chrono::nanoseconds timeout) {
  const std::uint64_t start = platform::monotonic_ns();
  const auto limit = static_cast<std::uint64_t>(std::max<std::int64_t>(timeout.count(), 0));
  const std::uint64_t deadline = limit > ~start ? ~std::uint64_t{0} : start + limit;
  const auto spin = static_cast<std::uint64_t>(options_.wait.spin_time().count());
  const std::uint64_t spin_end = std::min(deadline, spin > ~start ? ~std::uint64_t{0} : start + spin);
  if (!usable()) return false;
  if (standing_by()) return wait_to_take_over(deadline);
  if (holds_unacknowledged()) return true;
  return spin_until(spin_end) || sleep_until(deadline);
}

/// Spins, then yields a few times. Returns true where there is something to poll.
bool SubscriberCore::spin_until(std::uint64_t end) noexcept {
  constexpr unsigned kPerClock = 64;   // checks between two readings of the clock
  constexpr unsigned kPerCheck = 256;  // readings of the clock between two system calls
  unsigned round = 0;
  while (platform::monotonic_ns() < end && !interrupted() && (++round % kPerCheck != 0 || usable())) {
    for (unsigned i = 0; i < kPerClock; ++i) {
      if (any_ready()) return true;
      platform::pause();
    }
    if (look_everywhere()) return true;
    if (round % kPerCheck == 0 && maintain()) return true;
  }
  for (unsigned i = 0; i < options_.wait.yields(); ++i) {
    if (any_ready()) return true;
    std::this_thread::yield();
  }
  return false;
}

bool SubscriberCore::sleep_until(std::uint64_t deadline) noexcept {
  for (;;) {
    // Read before the topics are checked, so that a ring after this is not missed.
    const std::uint32_t bell = bell_->load(std::memory_order_acquire);
    const bool nothing = prepare_sleep();
    const std::uint64_t now = platform::monotonic_ns();
    if (nothing && now < deadline && usable()) {
      const std::uint64_t longest = std::min(deadline - now, longest_sleep());
      SHMBUS_CRASH_POINT("sleep.sleeping");
      platform::futex_wait(*bell_, bell, std::chrono::nanoseconds(longest));
      SHMBUS_CRASH_POINT("sleep.woken");
      for (std::size_t i = 0; i < topics_->size(); ++i) topics_->port(i).count_wakeup();
    }
    end_sleep();
    SHMBUS_CRASH_POINT("sleep.ended");
    if (interrupted() || !usable()) return false;
    if (!nothing || look_everywhere()) return true;
    if (maintain()) return true;
    if (platform::monotonic_ns() >= deadline) return false;
  }
}

void SubscriberCore::interrupt() noexcept {
  interrupted_.store(true, std::memory_order_seq_cst);
  bus_->registry().ring(standing_.bell);
}

int SubscriberCore::fd() {
  if (!doorbell_) {
    bus_->check_open();
    doorbell_ = std::make_unique<Doorbell>(bus_->member().node, *bell_);
    nothing_polled();
  }
  return doorbell_->descriptor();
}

/// The descriptor becomes unreadable only when there is nothing to poll; its watcher sleeps as `wait` does.
void SubscriberCore::nothing_polled() noexcept {
  if (!doorbell_) {
    if (empty_pace_.due() && !closed_) maintain();
    state_.empty_polls_left = empty_pace_.polls();
    return;
  }
  state_.empty_polls_left = 1;
  if (closed_) return;
  maintain();
  doorbell_->clear();
  const std::uint32_t bell = bell_->load(std::memory_order_acquire);
  if (prepare_sleep() && usable())
    doorbell_->arm(bell, std::chrono::nanoseconds(longest_sleep()));
  else
    doorbell_->ring();
}

Status SubscriberCore::status() const noexcept {
  if (!usable()) return closed_ || bus_->registry().intact() ? Status::closed : Status::corrupt;
  return topics_status();
}

Status SubscriberCore::topics_status() const noexcept {
  const Status status = topics_->status();
  return status == Status::ok && durable_ && durable_->failed() ? Status::unacknowledged : status;
}

bool SubscriberCore::demoted() const noexcept {
  if (!standing_.reliable) return false;
  for (std::size_t i = 0; i < topics_->size(); ++i) {
    if (topics_->port(i).demoted()) return true;
  }
  return false;
}

}  // namespace shmbus::detail
