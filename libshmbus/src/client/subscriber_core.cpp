#include "client/subscriber_core.hpp"

#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "platform/clock.hpp"
#include "platform/futex.hpp"
#include "platform/membarrier.hpp"
#include "registry/names.hpp"
#include "shmbus/error.hpp"
#include "shmbus/platform/cpu.hpp"
#include "shmbus/platform/crash_point.hpp"

namespace shmbus::detail {

using platform::Access;
using registry::TopicTable;

thread_local const HandlerScope* HandlerScope::innermost_ = nullptr;

PollState& poll_state(SubscriberCore& core) noexcept { return core.state(); }
bool refresh_topics(SubscriberCore& core) noexcept { return core.refresh(); }
void nothing_polled(SubscriberCore& core) noexcept { core.nothing_polled(); }

namespace {

void check_options(const SubscriberOptions& options) {
  if (options.name.size() > 63) {
    throw Error(ErrorCode::invalid_option, {"subscriber option name", "at most 63 bytes",
                                            std::to_string(options.name.size()) + " bytes", "shorten it"});
  }
  if (options.demote_after.count() < 0) {
    throw Error(ErrorCode::invalid_option, {"subscriber option demote_after", "0 or more",
                                            std::to_string(options.demote_after.count()) + " ns", "give 0 for never"});
  }
}

}  // namespace

SubscriberCore::SubscriberCore(std::shared_ptr<BusCore> bus, const std::string& pattern,
                               const SubscriberOptions& options)
    : bus_(std::move(bus)), options_(options) {
  registry::check_pattern(pattern);
  check_options(options);
  bus_->check_open();
  standing_.node = bus_->node().id();
  standing_.bell = bus_->node().entry();
  standing_.reliable = options.delivery == Delivery::reliable;
  standing_.demote_after = static_cast<std::uint64_t>(options.demote_after.count());
  standing_.name = options.name;
  standing_.pattern = pattern;
  state_.generation = &bus_->topics().generation();
  state_.node = &bus_->node();
  standing_.user = ::geteuid();
  entry_ = bus_->subscriptions().add(standing_);
  try {
    SHMBUS_CRASH_POINT("subscribe.listed");
    wait_for_creators();
    SHMBUS_CRASH_POINT("subscribe.waited");
    attach_topics(true);
    SHMBUS_CRASH_POINT("subscribe.attached");
  } catch (...) {
    leave();
    throw;
  }
  listen();
}

SubscriberCore::~SubscriberCore() {
  stop_listening();
  if (!bus_->node().forked()) leave();
}

/// Off the list first: from here on no creator places a port for us that it, or whoever finishes its work, does not
/// take back.
void SubscriberCore::leave() noexcept {
  if (!bus_->registry().whole()) return;  // there is no list any more
  bus_->subscriptions().remove(entry_);
  SHMBUS_CRASH_POINT("unsubscribe.unlisted");
  for (std::size_t i = 0; i < state_.topics.size(); ++i) {
    port(i).retire();
    SHMBUS_CRASH_POINT("unsubscribe.retired");
    take_back_ports(port(i).segment(), standing_.id);
  }
  try {
    for (const TopicTable::Topic& topic : bus_->topics().ready()) {
      if (!registry::matches(standing_.pattern, topic.name) || attached(topic)) continue;
      if (const auto segment = bus_->find(topic.name, Access::read_only)) take_back_ports(*segment, standing_.id);
    }
  } catch (const std::exception&) {
    // A topic we may not open: nobody places a port there for us.
  }
}

bool SubscriberCore::attached(const TopicTable::Topic& topic) const noexcept {
  return std::any_of(state_.topics.begin(), state_.topics.end(),
                     [&](const auto& known) { return known->source.topic_id == topic.id; });
}

void SubscriberCore::in_child() noexcept {
  closed_ = true;
  state_.hindered = true;
}

/// A topic that is being created now is there to attach to when its creator is done. A stopped one is not waited for
/// beyond the stall limit; it places our port when it goes on.
void SubscriberCore::wait_for_creators() {
  const std::uint64_t limit = platform::monotonic_ns() + bus_->registry().recorded().stall_limit_ns;
  for (;;) {
    bus_->settle();
    const auto unfinished = bus_->topics().unfinished();
    const bool concerned = std::any_of(unfinished.begin(), unfinished.end(), [&](const TopicTable::Topic& topic) {
      return topic.phase() != layout::TopicPhase::ready && bus_->node().alive(topic.creator()) &&
             (topic.name.empty() || registry::matches(standing_.pattern, topic.name));
    });
    if (!concerned || platform::monotonic_ns() > limit) return;
    std::this_thread::sleep_for(std::chrono::microseconds{200});
  }
}

void SubscriberCore::attach_topics(bool first_time) {
  constexpr int kTries = 64;  // topics that come and go all the time are seen at the next poll
  for (int i = 0; i < kTries; ++i) {
    state_.seen_generation = state_.generation->load(std::memory_order_seq_cst);
    const auto ready = bus_->topics().ready();
    drop_removed(ready);
    for (const TopicTable::Topic& topic : ready) attach_topic(topic, first_time);
    if (state_.generation->load(std::memory_order_seq_cst) == state_.seen_generation) return;
  }
}

void SubscriberCore::attach_topic(const TopicTable::Topic& topic, bool first_time) {
  if (!registry::matches(standing_.pattern, topic.name) || attached(topic)) return;
  try {
    auto segment = bus_->find(topic.name, Access::read_only);
    if (!segment || segment->id() != topic.id) return;  // removed meanwhile
    if (first_time && options_.start.kind() == Start::Kind::time && !segment->log().timestamps()) {
      throw Error(ErrorCode::invalid_option, {registry::topic_object(topic.name), "time stamps, to start at a time",
                                              "none", "create it with timestamps, or start at a sequence"});
    }
    state_.topics.push_back(
        TopicPort::attach(std::move(segment), standing_, first_time ? options_.start : Start::oldest()));
  } catch (const Error& error) {
    // Asked for by name, it must be had; a pattern takes what it may.
    if (first_time && !registry::has_wildcard(standing_.pattern)) throw;
    retry_ = retry_ || error.code() != ErrorCode::permission;
  }
}

/// A removed topic is read to its end, then let go.
void SubscriberCore::drop_removed(const std::vector<TopicTable::Topic>& ready) {
  std::erase_if(state_.topics, [&](const std::shared_ptr<TopicReader>& topic) {
    const bool listed = std::any_of(ready.begin(), ready.end(),
                                    [&](const TopicTable::Topic& t) { return t.id == topic->source.topic_id; });
    if (listed || topic->reader.look()) return false;
    lost_before_ += topic->reader.lost();
    delivered_before_ += topic->reader.delivered();
    static_cast<TopicPort&>(*topic).retire();
    return true;
  });
  state_.first = 0;
}

bool SubscriberCore::refresh() noexcept {
  if (closed_) return false;
  try {
    if (state_.generation->load(std::memory_order_acquire) != state_.seen_generation) attach_topics(false);
  } catch (const std::exception&) {
    retry_ = true;  // out of memory: what is attached goes on
  }
  return true;
}

bool SubscriberCore::any_ready() noexcept {
  if (state_.generation->load(std::memory_order_acquire) != state_.seen_generation) return true;
  return std::any_of(state_.topics.begin(), state_.topics.end(),
                     [](const auto& topic) { return topic->reader.ready(); });
}

bool SubscriberCore::look_everywhere() noexcept {
  if (state_.generation->load(std::memory_order_seq_cst) != state_.seen_generation) return true;
  bool found = false;
  for (const auto& topic : state_.topics) found = topic->reader.look() || found;
  return found;
}

/// False: don't sleep, there is something. The caller has read the bell before.
bool SubscriberCore::prepare_sleep() noexcept {
  for (std::size_t i = 0; i < state_.topics.size(); ++i) {
    if (port(i).reader.status() == Status::ok) port(i).announce_sleep();
  }
  SHMBUS_CRASH_POINT("sleep.announced");
  // SYNC sleep: pairs with Writer::wake. After this, a publisher that has not committed yet sees our bit, and a commit
  // of one that did not see it is seen by us.
  if (!platform::membarrier()) {
    for (std::size_t i = 0; i < state_.topics.size(); ++i) {
      port(i).segment().header().attention.fetch_or(layout::kFenceNeeded, std::memory_order_seq_cst);
    }
  }
  SHMBUS_CRASH_POINT("sleep.ordered");
  return !look_everywhere() && !interrupted();
}

void SubscriberCore::end_sleep() noexcept {
  for (std::size_t i = 0; i < state_.topics.size(); ++i) port(i).end_sleep();
}

/// Once a stall limit, while there is nothing to read: what dead creators left, and ports placed for us twice.
void SubscriberCore::look_after() noexcept {
  const std::uint64_t now = platform::monotonic_ns();
  if (now - looked_after_ < bus_->registry().recorded().stall_limit_ns) return;
  looked_after_ = now;
  bus_->settle();
  for (std::size_t i = 0; i < state_.topics.size(); ++i) {
    if (port(i).segment().has_all())
      port(i).drop_doubles(standing_.id);
    else
      port(i).reader.give_up();
  }
  if (std::exchange(retry_, false)) --state_.seen_generation;  // unequal: the next poll tries again
}

std::uint64_t SubscriberCore::longest_sleep() const noexcept {
  constexpr std::uint64_t kAtHole = 20'000'000;  // an open claim in front of a reader wants another look soon
  const bool at_hole = std::any_of(state_.topics.begin(), state_.topics.end(),
                                   [](const auto& topic) { return topic->reader.at_hole(); });
  const std::uint64_t limit = bus_->registry().recorded().stall_limit_ns;
  return at_hole ? std::min(limit, kAtHole) : limit;
}

bool SubscriberCore::wait(std::chrono::nanoseconds timeout) {
  const std::uint64_t start = platform::monotonic_ns();
  const auto limit = static_cast<std::uint64_t>(std::max<std::int64_t>(timeout.count(), 0));
  const std::uint64_t deadline = limit > ~start ? ~std::uint64_t{0} : start + limit;
  const auto spin = static_cast<std::uint64_t>(options_.wait.spin_time().count());
  const std::uint64_t spin_end = std::min(deadline, spin > ~start ? ~std::uint64_t{0} : start + spin);
  if (!usable()) return false;
  return spin_until(spin_end) || sleep_until(deadline);
}

/// Spins, then yields a few times. True: there is something.
bool SubscriberCore::spin_until(std::uint64_t end) noexcept {
  constexpr unsigned kPerClock = 64;   // looks between two readings of the clock
  constexpr unsigned kPerCheck = 256;  // readings of the clock between two system calls
  unsigned round = 0;
  while (platform::monotonic_ns() < end && !interrupted() && (++round % kPerCheck != 0 || usable())) {
    for (unsigned i = 0; i < kPerClock; ++i) {
      if (any_ready()) return true;
      platform::pause();
    }
    if (look_everywhere()) return true;
  }
  for (unsigned i = 0; i < options_.wait.yields(); ++i) {
    if (any_ready()) return true;
    std::this_thread::yield();
  }
  return false;
}

bool SubscriberCore::sleep_until(std::uint64_t deadline) noexcept {
  for (;;) {
    // Read before the look at the topics: a ring after it is not slept through.
    const std::uint32_t bell = bus_->node().bell().load(std::memory_order_acquire);
    const bool nothing = prepare_sleep();
    const std::uint64_t now = platform::monotonic_ns();
    if (nothing && now < deadline && usable()) {
      const std::uint64_t longest = std::min(deadline - now, longest_sleep());
      SHMBUS_CRASH_POINT("sleep.sleeping");
      platform::futex_wait(bus_->node().bell(), bell, std::chrono::nanoseconds(longest));
      SHMBUS_CRASH_POINT("sleep.woken");
      for (std::size_t i = 0; i < state_.topics.size(); ++i) port(i).count_wakeup();
    }
    end_sleep();
    SHMBUS_CRASH_POINT("sleep.ended");
    if (interrupted() || !usable()) return false;
    if (!nothing || look_everywhere()) return true;
    look_after();
    if (platform::monotonic_ns() >= deadline) return false;
  }
}

void SubscriberCore::interrupt() noexcept {
  interrupted_.store(true, std::memory_order_seq_cst);
  bus_->node().ring(bus_->node().entry());
}

int SubscriberCore::fd() {
  if (!doorbell_) {
    bus_->check_open();
    doorbell_ = std::make_unique<Doorbell>(bus_->member().node,
                                           std::chrono::nanoseconds(bus_->registry().recorded().stall_limit_ns));
    state_.hindered = true;
    nothing_polled();
  }
  return doorbell_->descriptor();
}

/// The descriptor goes quiet only when there is nothing, and its watcher sleeps as `wait` does.
void SubscriberCore::nothing_polled() noexcept {
  if (!doorbell_ || closed_) return;
  doorbell_->clear();
  const std::uint32_t bell = bus_->node().bell().load(std::memory_order_acquire);
  if (prepare_sleep() && usable())
    doorbell_->arm(bell);
  else
    doorbell_->ring();
}

std::uint64_t SubscriberCore::lost() const noexcept {
  std::uint64_t sum = lost_before_;
  for (const auto& topic : state_.topics) sum += topic->reader.lost();
  return sum;
}

std::uint64_t SubscriberCore::delivered() const noexcept {
  std::uint64_t sum = delivered_before_;
  for (const auto& topic : state_.topics) sum += topic->reader.delivered();
  return sum;
}

Status SubscriberCore::status() const noexcept {
  if (!usable()) return closed_ || bus_->registry().whole() ? Status::closed : Status::corrupt;
  for (const auto& topic : state_.topics) {
    if (topic->reader.status() != Status::ok) return topic->reader.status();
  }
  return Status::ok;
}

bool SubscriberCore::demoted() const noexcept {
  if (!standing_.reliable) return false;
  for (std::size_t i = 0; i < state_.topics.size(); ++i) {
    if ((port(i).segment().log().subscriber(port(i).reader.port()).mode.load(std::memory_order_acquire) & 1) == 0)
      return true;
  }
  return false;
}

}  // namespace shmbus::detail

namespace shmbus {

Subscriber::Subscriber(std::shared_ptr<detail::SubscriberCore> core) noexcept
    : core_(std::move(core)), state_(&core_->state()) {}
Subscriber::Subscriber(Subscriber&&) noexcept = default;
Subscriber& Subscriber::operator=(Subscriber&&) noexcept = default;
Subscriber::~Subscriber() = default;

bool Subscriber::wait(std::chrono::nanoseconds timeout) {
  const auto use = check_.enter();
  return core_->wait(timeout);
}

int Subscriber::fd() {
  const auto use = check_.enter();
  return core_->fd();
}

void Subscriber::interrupt() noexcept { core_->interrupt(); }
std::uint64_t Subscriber::lost() const noexcept { return core_->lost(); }
std::uint64_t Subscriber::delivered() const noexcept { return core_->delivered(); }
std::size_t Subscriber::topics() const noexcept { return core_->state().topics.size(); }
Status Subscriber::status() const noexcept { return core_->status(); }
bool Subscriber::demoted() const noexcept { return core_->demoted(); }
std::string_view Subscriber::pattern() const noexcept { return core_->pattern(); }

}  // namespace shmbus
