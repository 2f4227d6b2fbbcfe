#include "client/group_core.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "group/group_files.hpp"
#include "log/held_port.hpp"
#include "log/ports.hpp"
#include "platform/clock.hpp"
#include "platform/process.hpp"
#include "shmbus/detail/poll_state.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

namespace {

constexpr auto kWeek = std::chrono::hours{24 * 7};

SubscriberOptions subscriber_options(const GroupOptions& options) {
  SubscriberOptions made;
  made.start = options.start;
  // Until a member has joined, a port that a topic's creator places for it holds the ring, so that no event is lost.
  made.delivery = Delivery::reliable;
  made.demote_after = options.abandon_after;
  made.wait = options.wait;
  made.name = options.name;
  return made;
}

[[noreturn]] void refuse(const std::string& option, const std::string& expected, const std::string& found,
                         const std::string& remedy = "choose a value in that range") {
  throw Error(ErrorCode::invalid_option, {"group option " + option, expected, found, remedy});
}

std::string ns_text(std::uint64_t ns) { return std::to_string(ns) + " ns"; }
std::string ns_text(std::chrono::nanoseconds ns) { return std::to_string(ns.count()) + " ns"; }

void check_time(const std::string& option, std::chrono::nanoseconds time, std::chrono::nanoseconds least,
                const std::string& expected) {
  if (time < least || time > kWeek) refuse(option, expected, ns_text(time));
}

std::string backoff_text(const std::vector<std::uint64_t>& ns) {
  std::string text;
  for (const std::uint64_t n : ns) text += (text.empty() ? "" : ", ") + ns_text(n);
  return text.empty() ? "none" : text;
}

std::string order_text(layout::GroupOrder order) { return order == layout::GroupOrder::by_key ? "by_key" : "any"; }

std::string member_name(const GroupOptions& options) {
  const std::string process = platform::program_name() + "[" + std::to_string(::getpid()) + "]";
  return options.name.empty() ? process : options.name + " " + process;
}

std::string retry_topic(const base::TopicName& topic, const base::GroupName& name) {
  return topic.text() + ".retry." + name.text();
}

}  // namespace

group::Settings check_options(const base::TopicName& topic, const base::GroupName& name, const GroupOptions& options) {
  group::Settings made;
  if (options.window < layout::kMinWindow || options.window > layout::kMaxWindow)
    refuse("window", "1024 to 262144", std::to_string(options.window));
  made.window = static_cast<std::uint32_t>(std::bit_ceil(options.window));
  if (options.in_flight > made.window) {
    refuse("in_flight", "at most the window, " + std::to_string(made.window), std::to_string(options.in_flight),
           "ask for fewer, or for a larger window");
  }
  made.in_flight = options.in_flight;
  check_time("lease", options.lease, std::chrono::milliseconds{10}, "10 ms to a week");
  made.lease_ns = static_cast<std::uint64_t>(options.lease.count());
  if (options.lease_most.count() != 0)
    check_time("lease_most", options.lease_most, options.lease, "0, or from `lease` to a week");
  made.lease_most_ns = options.lease_most.count() != 0 ? static_cast<std::uint64_t>(options.lease_most.count())
                                                       : std::min(10 * made.lease_ns, group::BackOff::kMost);
  if (options.max_deliveries > 60'000) refuse("max_deliveries", "0 to 60000", std::to_string(options.max_deliveries));
  made.max_deliveries = options.max_deliveries;
  if (options.backoff.size() > layout::kMaxBackOff)
    refuse("backoff", "at most 8 times", std::to_string(options.backoff.size()) + " times", "leave some out");
  for (const auto time : options.backoff) {
    check_time("backoff", time, std::chrono::nanoseconds{0}, "0 to a week each");
    made.back_off_ns.push_back(static_cast<std::uint64_t>(time.count()));
  }
  check_time("abandon_after", options.abandon_after, std::chrono::milliseconds{1}, "1 ms to a week");
  made.abandon_after_ns = static_cast<std::uint64_t>(options.abandon_after.count());
  made.order = options.order == Order::by_key ? layout::GroupOrder::by_key : layout::GroupOrder::any;
  made.dead_letters =
      base::TopicName(options.dead_letters.empty() ? topic.text() + ".dead" : options.dead_letters).text();
  if (made.dead_letters == topic.text() || made.dead_letters == retry_topic(topic, name))
    refuse("dead_letters", "a topic that the group does not take from", "'" + made.dead_letters + "'",
           "choose another name");
  if (options.key && options.order != Order::by_key)
    refuse("key", "none, since the order is any", "a function", "ask for Order::by_key, or leave the function out");
  return made;
}

GroupCore::GroupCore(std::shared_ptr<BusCore> bus, const base::TopicName& topic, const base::GroupName& name,
                     const GroupOptions& options)
    : bus_(std::move(bus)),
      topic_(topic),
      name_(name),
      options_(std::make_shared<const GroupOptions>(options)),
      wanted_(check_options(topic, name, options)),
      member_(member_name(options)),
      retry_(retry_topic(topic, name)) {
  subscriber_ = std::make_unique<SubscriberCore>(bus_, base::Pattern(topic.text()), subscriber_options(options),
                                                 static_cast<TopicJoiner*>(this));
}

/// The watch first: its thread uses the rest.
GroupCore::~GroupCore() {
  watch_.reset();
  subscriber_.reset();
}

bool GroupCore::covers(const base::TopicName& topic) const noexcept { return topic.text() == retry_; }

/// What is tried again is read from its first event on.
std::shared_ptr<AttachedTopic> GroupCore::join(const std::shared_ptr<topic::TopicSegment>& segment,
                                               const registry::StandingSubscription& subscription, Start start) {
  if (segment->name().text() == retry_) start = Start::oldest();
  auto topic = GroupTopic::join(bus_, segment, subscription, {name_, options_, wanted_, member_}, start);
  auto attached = topic->attached();
  const std::lock_guard lock(topics_mutex_);
  topics_.push_back(std::move(topic));
  return attached;
}

/// Called by the taking thread alone, which alone changes the list.
bool GroupCore::ready() noexcept {
  return std::any_of(topics_.begin(), topics_.end(), [](const auto& topic) { return topic->ready(); });
}

/// Topics come and go; those that the subscriber has let go of are left.
void GroupCore::refresh() {
  const PollState& state = subscriber_->state();
  const bool changes = state.pending || state.generation->load(std::memory_order_acquire) != state.seen_generation;
  if (!changes && state.topics.size() == topics_.size()) return;
  if (changes && !subscriber_->refresh()) return;
  std::vector<std::shared_ptr<GroupTopic>> left;
  const std::lock_guard lock(topics_mutex_);
  std::erase_if(topics_, [&](const std::shared_ptr<GroupTopic>& topic) {
    if (std::any_of(state.topics.begin(), state.topics.end(),
                    [&](const auto& reader) { return reader.get() == topic->attached().get(); }))
      return false;
    left.push_back(topic);
    return true;
  });
}

bool GroupCore::try_take(Lease& lease) {
  refresh();
  GroupTopic::Taken taken{lease.event_};
  for (std::size_t i = 0; i < topics_.size(); ++i) {
    const std::shared_ptr<GroupTopic>& topic = topics_[(next_ + i) % topics_.size()];
    if (!topic->take(taken)) continue;
    if (topics_.size() > 1) ++next_;
    lease.topic_ = topic;
    lease.sequence_ = taken.held.sequence;
    lease.word_ = taken.held.word.bits();
    lease.deliveries_ = taken.deliveries;
    lease.began_ns_ = taken.began_ns;
    return true;
  }
  if (PollState& state = subscriber_->state(); --state.empty_polls_left == 0) subscriber_->nothing_polled();
  return false;
}

/// The clock is read, and whether the bus is still there is asked, where there is nothing to take.
Lease GroupCore::take(std::chrono::nanoseconds timeout) {
  Lease lease;
  if (subscriber_->interrupted() || bus_->node().forked()) return lease;
  std::uint64_t deadline = 0;
  const auto now_and_deadline = [&] {
    const std::uint64_t now = platform::monotonic_ns();
    const auto limit = static_cast<std::uint64_t>(std::max<std::int64_t>(timeout.count(), 0));
    if (deadline == 0) deadline = limit > ~now ? ~std::uint64_t{0} : now + limit;
    return now;
  };
  if (!turn_.try_take()) {
    now_and_deadline();
    if (!turn_.take_until(deadline)) return lease;
  }
  struct Give {
    Turn& turn;
    ~Give() { turn.give(); }
  } const give{turn_};
  for (;;) {
    for (const auto& topic : topics_) {
      if (topic->members_changed()) watch_members();
    }
    if (try_take(lease)) return lease;
    if (now_and_deadline() >= deadline || subscriber_->interrupted() || !usable()) return lease;
    sleep(deadline);
  }
}

void GroupCore::sleep(std::uint64_t deadline) {
  for (const auto& topic : topics_) topic->announce_sleep();
  watch_members();
  bool blocked = false;
  std::uint64_t until = deadline;
  for (const auto& topic : topics_) {
    blocked = blocked || topic->blocked();
    until = std::min(until, topic->next_moment_ns());
  }
  const std::uint64_t now = platform::monotonic_ns();
  if (blocked) {
    // A bound: meanwhile it notices neither events of the other topic nor a removal.
    constexpr std::uint64_t kOther = 100'000'000;
    until = std::min(until, now + kOther);
    if (until > now) subscriber_->rest(std::chrono::nanoseconds(until - now));
  } else if (until > now) {
    subscriber_->wait(std::chrono::nanoseconds(std::min<std::uint64_t>(until - now, INT64_MAX)));
  }
  for (const auto& topic : topics_) topic->end_sleep();
}

void GroupCore::watch_members() {
  std::vector<std::uint64_t> nodes;
  bool hold = false;
  for (const auto& topic : topics_) {
    for (unsigned i = 0; i < layout::kMaxMembers; ++i) {
      const std::uint64_t node = topic->members().owner(i);
      if (node != 0 && node != bus_->node().id() && std::find(nodes.begin(), nodes.end(), node) == nodes.end())
        nodes.push_back(node);
    }
    hold = hold || topic->members().others_hold();
  }
  if (nodes.empty() && !watch_) return;
  if (!watch_) {
    watch_ = std::make_unique<GroupWatch>(bus_->member().node, [this] {
      const std::lock_guard lock(topics_mutex_);
      for (const auto& topic : topics_) topic->member_died();
    });
  }
  watch_->follow(nodes, hold);
}

bool GroupCore::closed() noexcept { return !usable(); }

Status GroupCore::status() noexcept {
  const Status status = subscriber_->status();
  if (status != Status::ok) return status;
  const std::lock_guard lock(topics_mutex_);
  const bool removed = std::any_of(topics_.begin(), topics_.end(), [](const auto& topic) { return topic->removed(); });
  return removed ? Status::closed : Status::ok;
}

bool GroupCore::cautious() noexcept {
  const std::lock_guard lock(topics_mutex_);
  return std::any_of(topics_.begin(), topics_.end(), [](const auto& topic) { return topic->cautious(); });
}

std::uint64_t GroupCore::lost() noexcept {
  const std::lock_guard lock(topics_mutex_);
  std::uint64_t sum = 0;
  for (const auto& topic : topics_) sum += topic->lost();
  return sum;
}

std::vector<DifferentOption> GroupCore::different() noexcept {
  const std::lock_guard lock(topics_mutex_);
  const auto main = std::find_if(topics_.begin(), topics_.end(),
                                 [&](const auto& topic) { return topic->attached()->source.topic == topic_.text(); });
  std::vector<DifferentOption> made;
  if (main == topics_.end()) return made;
  const group::Settings& found = (*main)->settings();
  const auto compare = [&](const char* name, const auto& asked, const auto& is, auto text) {
    if (asked != is) made.push_back({name, text(asked), text(is)});
  };
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  const auto time = [](std::uint64_t ns) { return ns_text(ns); };
  const auto same = [](const std::string& text) { return text; };
  compare("window", wanted_.window, found.window, number);
  compare("in_flight", wanted_.in_flight, found.in_flight, number);
  compare("lease", wanted_.lease_ns, found.lease_ns, time);
  compare("lease_most", wanted_.lease_most_ns, found.lease_most_ns, time);
  compare("max_deliveries", wanted_.max_deliveries, found.max_deliveries, number);
  compare("backoff", wanted_.back_off_ns, found.back_off_ns, backoff_text);
  compare("dead_letters", wanted_.dead_letters, found.dead_letters, same);
  compare("order", wanted_.order, found.order, order_text);
  compare("abandon_after", wanted_.abandon_after_ns, found.abandon_after_ns, time);
  return made;
}

namespace {

void refuse_living_members(const group::GroupFile& file, const topic::TopicSegment& segment) {
  const group::Members members(file.shared(), segment.node());
  for (unsigned i = 0; i < layout::kMaxMembers; ++i) {
    if (const std::uint64_t owner = members.owner(i); members.alive(owner)) {
      throw Error(ErrorCode::busy, {file.object(), "to have no living member",
                                    segment.node().registry().node_object(owner) + " is one", "end that one first"});
    }
  }
}

/// Frees the group's port in the ring. It is known by its name: a damaged file does not say the id.
void free_gate(topic::TopicSegment& segment, const base::GroupName& name) noexcept {
  log::BlockLog& log = segment.log();
  log::for_each_port(log.header().subscribers.load(std::memory_order_seq_cst), [&](unsigned i) {
    decltype(layout::SubscriberPort::name)::Buffer buffer;
    if (log.subscriber(i).name.load_to(buffer) == GroupGate::port_name(name.text()) && log::keep_port(log, i))
      log::free_held_port(log, i);
  });
}

/// A damaged file is removed, too: that is the remedy which its error names. So is a file beside a journal whose topic does
/// not exist at present.
bool remove_from(BusCore& bus, const base::TopicName& topic, const base::GroupName& name) {
  const auto segment = bus.find(topic, platform::Access::read_only);
  if (!segment) {
    const auto names = group::journal_groups(bus.registry(), topic);
    return std::find(names.begin(), names.end(), name) != names.end() &&
           platform::PlacedFile::unlink(group::journal_group_place(bus.registry(), topic, name));
  }
  try {
    const auto file = group::GroupFile::open(*segment, name);
    if (!file) return false;
    refuse_living_members(*file, *segment);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::corrupt && error.code() != ErrorCode::incompatible &&
        error.code() != ErrorCode::stale_position)
      throw;
  }
  const bool removed = group::GroupFile::unlink(*segment, name);
  free_gate(*segment, name);
  return removed;
}

}  // namespace

bool remove_group(BusCore& bus, const base::TopicName& topic, const base::GroupName& name) {
  bus.check_open();
  const auto retry = base::TopicName::parse(retry_topic(topic, name));
  if (retry) remove_from(bus, *retry, name);
  return remove_from(bus, topic, name);
}

}  // namespace shmbus::detail
