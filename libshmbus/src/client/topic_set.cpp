#include "client/topic_set.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "log/log_end.hpp"
#include "log/ports.hpp"
#include "log/repair.hpp"
#include "platform/clock.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

using platform::Access;

namespace {

/// Returns where to resume after an event. *Throws* Error where the event was of another topic, or the topic never
/// reached that sequence.
Start continued(topic::TopicSegment& segment, Start start) {
  const std::string object = segment.name().object();
  const EventId id = start.event();
  const log::End end = log::end_of(segment.log());
  // A journaled topic that was brought back has the same id and numbering in each incarnation of its bus.
  if ((id.bus == segment.bus() || segment.journal() != nullptr) && id.topic == segment.id() &&
      (end.number == log::kNone || id.sequence < end.next_sequence))
    return Start::sequence(id.sequence + 1);
  throw Error(ErrorCode::stale_position, {object, "to be the one that event " + id.to_string() + " was of",
                                          "another one of that name, or fewer events",
                                          "begin with Start::oldest(), and count the events between as lost"});
}

}  // namespace

TopicSet::TopicSet(std::shared_ptr<BusCore> bus, const registry::StandingSubscription& standing, unsigned entry,
                   Start start, See see, PollState& state, DurableSubscription* durable, TopicJoiner* joiner)
    : bus_(std::move(bus)),
      standing_(standing),
      entry_(entry),
      start_(start),
      see_(see),
      began_ns_(platform::system_ns()),
      state_(state),
      durable_(durable),
      joiner_(joiner) {}

bool TopicSet::has(const Topic& topic) const noexcept {
  return std::any_of(state_.topics.begin(), state_.topics.end(),
                     [&](const auto& known) { return known->source.origin.topic == topic.id; });
}

bool TopicSet::covers(const base::TopicName& topic) const noexcept {
  return standing_.pattern.covers(topic) || (joiner_ != nullptr && joiner_->covers(topic));
}

void TopicSet::attach_first() { attach_all(true); }

void TopicSet::take_over() noexcept {
  try {
    attach_all(true);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "shmbus: the subscription to '%s' takes over, but: %s\n", standing_.pattern.text().c_str(),
                 error.what());
    retry_ = true;
  }
}

void TopicSet::refresh() noexcept {
  retry_ = false;
  try {
    attach_all(false);
  } catch (const std::exception&) {
    retry_ = true;  // out of memory: attached topics go on
  }
}

/// Shows what a pass has tried after the pass. So a publisher that waits for one of our placed ports can see that we
/// have tried to adopt it.
void TopicSet::attach_all(bool first_time) {
  constexpr int kTries = 64;  // where topics come and go all the time, the next poll goes on
  for (int i = 0; i < kTries; ++i) {
    state_.seen_generation = state_.generation->load(std::memory_order_seq_cst);
    const auto ready = bus_->topics().ready();
    release_removed(ready);
    for (Missing& topic : missing_) topic.seen = false;
    for (const Topic& topic : ready) {
      if (covers(*topic.name) && !has(topic)) attach(topic, first_time);
    }
    std::erase_if(missing_, [](const Missing& topic) { return !topic.seen; });
    ++passes_;
    show_missing();
    bus_->subscriptions().show_tried(entry_, state_.seen_generation);
    SHMBUS_CRASH_POINT("attach_topics.tried");
    if (!generation_changed(std::memory_order_seq_cst)) return;
  }
}

void TopicSet::attach(const Topic& topic, bool first_time) {
  const auto missed =
      std::find_if(missing_.begin(), missing_.end(), [&](const Missing& m) { return m.id == topic.id; });
  // A topic created after this subscriber is read from its first event; events that have left the ring count as lost.
  const bool before_us = first_time && (durable_ == nullptr || !durable_->resumed());  // D3
  Start start = before_us ? start_ : missed != missing_.end() ? missed->start : Start::sequence(1);
  std::shared_ptr<topic::TopicSegment> segment;
  try {
    segment = bus_->find(*topic.name, Access::read_only);
    if (!segment || segment->id() != topic.id) return;  // removed in the meantime
    if (!before_us && missed == missing_.end()) start = Start::sequence(segment->log().first_sequence());
    if (before_us && start.kind() == Start::Kind::time && !segment->log().timestamps()) {
      throw Error(ErrorCode::invalid_option, {topic.name->object(), "time stamps, to start at a time", "none",
                                              "create it with timestamps, or start at a sequence"});
    }
    if (start.kind() == Start::Kind::after) start = continued(*segment, start);
    state_.topics.push_back(joiner_ != nullptr    ? joiner_->join(segment, standing_, start)
                            : durable_ != nullptr ? attach_segment(segment, start)
                                                  : AttachedTopic::attach(segment, standing_, start, see_));
  } catch (const Error& error) {
    // A topic that the pattern names must be attached. A wildcard attaches the topics it can, and lists the others.
    if (first_time && !standing_.pattern.has_wildcard()) throw;
    if (before_us && start.kind() == Start::Kind::latest) {
      // Begin with the next event, as exactly as possible: by the log, or by the time where the log can't be opened.
      const log::End end = segment ? log::end_of(segment->log()) : log::End{};
      start = end.number != log::kNone && segment ? Start::sequence(end.next_sequence)
                                                  : Start::time(Time{std::chrono::nanoseconds{began_ns_}});
    }
    note_missing(topic, start, error);
  }
}

/// Of a durable subscription: goes on after its cursor. Without one, the cursor is made where the reader begins, before
/// any event is handed out.
std::shared_ptr<AttachedTopic> TopicSet::attach_segment(std::shared_ptr<topic::TopicSegment> segment, Start start) {
  auto place = durable_->take_place(segment, standing_);
  bool renewed = false;
  auto cursor = durable_->find_cursor(*segment, renewed);
  if (renewed) start = Start::sequence(segment->log().first_sequence());
  if (cursor) start = Start::sequence(cursor->acknowledged() + 1);
  auto attached = AttachedTopic::attach(segment, standing_, start, see_, cursor.has_value());
  SHMBUS_CRASH_POINT("durable.attached");
  if (!cursor) cursor.emplace(durable_->make_cursor(*segment, attached->begin_sequence() - 1));
  SHMBUS_CRASH_POINT("durable.cursor_made");
  attached->cursor = durable_->topic_cursor(std::move(*cursor), std::move(place), segment, standing_);
  return attached;
}

void TopicSet::note_missing(const Topic& topic, Start start, const Error& error) {
  UnattachedTopic report{topic.name->text(), error.code(), error.what()};
  const auto known = std::find_if(missing_.begin(), missing_.end(), [&](const Missing& m) { return m.id == topic.id; });
  if (known == missing_.end()) {
    missing_.push_back({topic.id, start, std::move(report)});
  } else {
    known->report = std::move(report);
    known->seen = true;
  }
}

void TopicSet::show_missing() const {
  std::vector<registry::SubscriptionTable::Unattached> shown;
  for (const Missing& topic : missing_) shown.emplace_back(topic.id, topic.report.code);
  bus_->subscriptions().show_unattached(entry_, shown);
}

std::vector<UnattachedTopic> TopicSet::unattached() const {
  std::vector<UnattachedTopic> report;
  for (const Missing& topic : missing_) report.push_back(topic.report);
  return report;
}

void TopicSet::release_removed(const std::vector<Topic>& ready) {
  removed_ = 0;
  std::erase_if(state_.topics, [&](const std::shared_ptr<TopicReader>& topic) {
    const bool listed =
        std::any_of(ready.begin(), ready.end(), [&](const Topic& t) { return t.id == topic->source.origin.topic; });
    if (listed) return false;
    AttachedTopic& port = attached_topic(*topic);
    if (!finished(port)) {
      ++removed_;
      return false;
    }
    lost_before_ += port.lost();
    delivered_before_ += port.delivered();
    port.retire();
    return true;
  });
  state_.first = 0;
}

/// Whether no more events can come from a removed topic (T2). A publisher that checked the topic before its removal may
/// commit at any later time. Only a free port proves that it will not: its publisher committed everything before. So
/// the ports are checked first, and the log after them.
bool TopicSet::finished(AttachedTopic& topic) noexcept {
  log::Reader& reader = topic.reader;
  if (reader.status() != Status::ok || !topic.segment().has_expected_sizes()) return true;
  log::BlockLog& log = topic.segment().log();
  bool publishing = false;
  log::for_each_port(log.header().publishers.load(std::memory_order_seq_cst), [&](unsigned i) {
    publishing =
        (log::repair_publisher(log, i) != log::Repair::done && log.publisher(i).owner.load() != 0) || publishing;
  });
  return !publishing && !topic.look() && !reader.at_open_claim();
}

void TopicSet::check() noexcept {
  for (std::size_t i = 0; i < size(); ++i) {
    if (port(i).segment().has_expected_sizes())
      port(i).withdraw_doubles(standing_.id);
    else
      port(i).mark_corrupt();
  }
}

void TopicSet::leave() noexcept {
  for (std::size_t i = 0; i < size(); ++i) {
    port(i).retire();
    SHMBUS_CRASH_POINT("unsubscribe.retired");
    withdraw_ports(port(i).segment(), standing_.id);
  }
  try {
    for (const Topic& topic : bus_->topics().ready()) {
      if (!standing_.pattern.covers(*topic.name) || has(topic)) continue;
      if (const auto segment = bus_->find(*topic.name, Access::read_only)) withdraw_ports(*segment, standing_.id);
    }
  } catch (const std::exception&) {
    // We can't open this topic: a publisher that a port placed there holds back finds that we are not listed any more.
  }
}

std::uint64_t TopicSet::lost() const noexcept {
  std::uint64_t sum = lost_before_;
  for (const auto& topic : state_.topics) sum += attached_topic(*topic).lost();
  return sum;
}

std::uint64_t TopicSet::delivered() const noexcept {
  std::uint64_t sum = delivered_before_;
  for (const auto& topic : state_.topics) sum += attached_topic(*topic).delivered();
  return sum;
}

Status TopicSet::status() const noexcept {
  for (const auto& topic : state_.topics) {
    if (const Status status = attached_topic(*topic).status(); status != Status::ok) return status;
  }
  return missing_.empty() && !retry_ ? Status::ok : Status::incomplete;
}

}  // namespace shmbus::detail
