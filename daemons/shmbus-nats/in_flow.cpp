#include "in_flow.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "arrived_event.hpp"
#include "crash_point.hpp"
#include "delivery.hpp"
#include "in_begin.hpp"
#include "in_consumer.hpp"
#include "message_headers.hpp"
#include "settled_event.hpp"
#include "shmbus/pattern.hpp"
#include "stream.hpp"
#include "topic_form.hpp"
#include "wall_time.hpp"

namespace shmbus::bridge {
namespace {

constexpr std::chrono::milliseconds find_time{2000};  // between two looks for new origins
constexpr std::chrono::milliseconds first_pause{250};
constexpr std::chrono::milliseconds wait_slice{5};  // of a publish that waits
constexpr std::uint64_t acknowledge_every = 128;    // messages, while more are coming

}  // namespace

InFlow::InFlow(Bus& bus, const Settings& settings, StateFile& state, Counters& counters)
    : bus_(bus), settings_(settings), state_(state), counters_(counters), began_(daemon::wall_time()), topics_(bus) {
  for (const InRule& rule : settings_.in)
    for (const std::string& name : rule.from)
      if (name != "*") add_origin(name);
}

InFlow::~InFlow() { end(); }

void InFlow::begin(Link& link) {
  if (settings_.in.empty()) return;
  ended_ = false;
  looked_ = {};
  link_ = &link;
  {
    const std::lock_guard lock(taking_);
    taking_link_ = &link;
  }
  tender_ = std::thread([this, &link] { tend(link); });
}

void InFlow::end() {
  ended_ = true;
  {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }
  if (link_ != nullptr) link_->close();  // so that a request returns at once
  if (tender_.joinable()) tender_.join();
  link_ = nullptr;
  for (auto& [name, origin] : origins_) unsubscribe(*origin);
  const std::lock_guard lock(taking_);
  counters_.held_back = false;
  taking_link_ = nullptr;
}

void InFlow::tend(Link& link) {
  // Often at first: where hosts start together, some make their streams a moment later.
  for (auto pause = first_pause; !ended_ && !link.lost(); pause = std::min(2 * pause, find_time)) {
    std::string trouble;
    attempt(link, trouble, [&] { find_origins(link); });
    break_missed();
    for (auto& [name, origin] : origins_)
      attempt(link, trouble, [&] {
        if (origin->broken) unsubscribe(*origin);
        if (!origin->delivery) subscribe(link, *origin);
      });
    counters_.trouble(Part::in, trouble);
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, pause, [&] {
      return ended_ || link.lost() || !missed_.empty() ||
             std::any_of(origins_.begin(), origins_.end(), [](const auto& one) { return one.second->broken.load(); });
    });
  }
}

template <class Action>
void InFlow::attempt(const Link& link, std::string& trouble, Action action) {
  if (ended_ || link.lost()) return;
  try {
    action();
  } catch (const std::exception& error) {
    if (ended_ || link.lost()) return;
    trouble = fmt::format("events can't come in: {}", error.what());
    repeated_tender_.log(spdlog::level::warn, trouble);
  }
}

void InFlow::find_origins(Link& link) {
  const bool all = std::any_of(settings_.in.begin(), settings_.in.end(), [](const InRule& rule) {
    return std::find(rule.from.begin(), rule.from.end(), "*") != rule.from.end();
  });
  if (!all || Clock::now() - looked_ < first_pause / 2) return;
  looked_ = Clock::now();
  for (const std::string& bridge : bridges_with_streams(link))
    if (bridge != settings_.name && !origins_.contains(bridge)) add_origin(bridge);
  listed_ = true;
}

void InFlow::add_origin(const std::string& name) {
  if (origins_.contains(name)) return;
  auto origin = std::make_unique<Origin>(name, state_.origin(name), counters_.in(name));
  origin->appeared = listed_;
  for (const InRule& rule : settings_.in)
    if (std::any_of(rule.from.begin(), rule.from.end(), [&](const auto& from) { return from == "*" || from == name; }))
      origin->rules.push_back(&rule);
  settle(*origin);
  origins_.emplace(name, std::move(origin));
}

void InFlow::settle(Origin& origin) {
  const auto pending = state_.pending(origin.record);
  if (!pending) return;
  bus_.reap();  // finishes what the dead process had claimed
  switch (find_settled(settings_.bus, settings_.owners, *pending)) {
    case Settled::published:
      state_.finish(origin.record, pending->message, pending->time, &pending->source);
      return;
    case Settled::not_published:
      break;
    case Settled::unknown:
      ++origin.counts.undecided;
      spdlog::warn("origin {}: message {} is published again: whether the event #{} of this bus was it is not to be seen, since "
                   "the event has left the ring", origin.name, pending->message, pending->sequence);
  }
  state_.drop_pending(origin.record);
}

void InFlow::subscribe(Link& link, Origin& origin) {
  const auto found = stream_state(link, origin.stream);
  if (!found) {
    origin.appeared = true;
    repeated_tender_.log(spdlog::level::info, fmt::format("origin {}: there is no stream {} yet", origin.name, origin.stream));
    return;
  }
  InSituation situation{.stream = *found,
                        .known_stream = state_.origin_stream(origin.record),
                        .taken = state_.taken(origin.record),
                        .acknowledged = acknowledged_by(link, origin.stream, settings_.name),
                        .rule = origin.rules.front()->start,
                        .appeared = origin.appeared,
                        .now = began_};
  if (const std::int64_t time = state_.taken_time(origin.record); time != 0 && situation.taken <= found->last) {
    const std::int64_t stored = stored_at(link, origin.stream, situation.taken);
    situation.same_message = stored == 0 || stored == time;
  }
  const InBegin begin = in_begin(situation);
  if (!begin.remark.empty()) spdlog::warn("origin {}: {}", origin.name, begin.remark);
  if (begin.lost != 0) {
    origin.counts.lost += begin.lost;
    spdlog::warn("origin {}: {} messages left its stream before they were received", origin.name, begin.lost);
  }
  const ConsumerStart& start = begin.start;
  // Before the consumer is deleted, which may be the only one that knows.
  if (const std::uint64_t taken = start.sequence == 0 ? 0 : start.sequence - 1;
      situation.known_stream != found->created || situation.taken != taken)
    state_.begin_origin(origin.record, found->created, taken);
  remove_consumer(link, origin.stream, settings_.name);
  crash_point("in.unsubscribed");
  const std::string filter = subject_of(origin.name, origin.rules.size() == 1 ? origin.rules.front()->topics : ">");
  add_consumer(link, origin.stream, settings_.name, filter, start);
  // Without the lock: the answer comes by the thread that would wait for it.
  auto delivery = std::make_unique<Delivery>(link, origin.stream, settings_.name, filter);
  {
    const std::lock_guard lock(taking_);
    origin.next_delivery = 1;
    origin.unacknowledged = 0;
    origin.broken = false;
    origin.delivery = std::move(delivery);
    origin.counts_gaps = filter == subject_of(origin.name, ">");
    receiving_.push_back(&origin);
  }
  link.nudge();  // what has come by now
  spdlog::info("origin {}: receives {} from {}", origin.name, filter,
               start.sequence != 0 ? fmt::format("message {}", start.sequence) : "a time on");
}

void InFlow::unsubscribe(Origin& origin) {
  const std::lock_guard lock(taking_);
  origin.delivery.reset();
  std::erase(receiving_, &origin);
  origin.broken = false;
}

void InFlow::complain(const natsSubscription* subscription, natsStatus status) {
  if (status != NATS_MISSED_HEARTBEAT && status != NATS_MISMATCH && status != NATS_SLOW_CONSUMER) return;
  const std::lock_guard lock(mutex_);
  if (missed_.size() < 1000) missed_.push_back(subscription);
  changed_.notify_all();
}

void InFlow::break_missed() {
  std::vector<const natsSubscription*> missed;
  {
    const std::lock_guard lock(mutex_);
    missed.swap(missed_);
  }
  for (auto& [name, origin] : origins_) {
    if (!origin->delivery || std::none_of(missed.begin(), missed.end(), [&](const auto* one) { return origin->delivery->is(one); }))
      continue;
    ++origin->counts.holes;
    origin->broken = true;
  }
}

void InFlow::receive() {
  const std::lock_guard lock(taking_);
  if (taking_link_ == nullptr) return;
  const auto batch = taking_link_->batch();  // of acknowledgements
  for (Origin* origin : receiving_) receive(*origin, *taking_link_);
}

void InFlow::receive(Origin& origin, Link& link) {
  bool broken = false;
  try {
    while (!ended_ && !origin.broken) {
      const NatsMessage message = origin.delivery->next(broken);
      if (!message) break;
      receive(origin, message.get(), link);
    }
  } catch (const std::exception& error) {
    repeated_.log(spdlog::level::err, fmt::format("origin {}: a message can't be taken: {}", origin.name, error.what()));
    broken = true;  // it comes again
  }
  if (broken) break_off(origin);
}

void InFlow::break_off(Origin& origin) {
  ++origin.counts.holes;
  origin.broken = true;
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

void InFlow::receive(Origin& origin, natsMsg* message, Link& link) {
  jsMsgMetaData* found = nullptr;
  if (natsMsg_GetMetaData(&found, message) != NATS_OK) return;
  const JsMetaData meta(found);
  if (meta->Sequence.Consumer != origin.next_delivery) return break_off(origin);
  ++origin.next_delivery;
  ++origin.counts.received;
  origin.counts.pending = meta->NumPending;
  crash_point("in.received");
  const Arrival arrival{meta->Sequence.Stream, meta->Timestamp};
  const std::uint64_t taken = state_.taken(origin.record);
  if (arrival.sequence <= taken) {
    ++origin.counts.duplicates;
  } else {
    if (origin.counts_gaps && taken != 0) origin.counts.lost += arrival.sequence - taken - 1;
    if (!take(origin, message, arrival, link)) return;
  }
  origin.counts.sequence = state_.taken(origin.record);
  if (++origin.unacknowledged >= acknowledge_every || meta->NumPending == 0) {
    natsMsg_Ack(message, nullptr);  // of all before it, too; if it is lost, the state file knows
    origin.unacknowledged = 0;
    crash_point("in.acked");
  }
}

bool InFlow::take(Origin& origin, natsMsg* message, const Arrival& arrival, Link& link) {
  std::string problem;
  const auto event = ArrivedEvent::read(message, topic_of(origin.name, natsMsg_GetSubject(message)), problem);
  if (!event) {
    undeliverable(origin, arrival, problem);
    return true;
  }
  const auto rule = std::find_if(origin.rules.begin(), origin.rules.end(),
                                 [&](const InRule* one) { return matches(one->topics, event->topic); });
  if (rule == origin.rules.end()) {
    state_.finish(origin.record, arrival.sequence, arrival.time, nullptr);
  } else if (passed(event->hops, settings_.name)) {
    skip(origin, arrival, origin.counts.looped);
  } else if (event->event.sequence <= state_.source_sequence(event->event)) {
    skip(origin, arrival, origin.counts.duplicates);
  } else {
    return publish(origin, *event, **rule, arrival, link);
  }
  return true;
}

bool InFlow::publish(Origin& origin, const ArrivedEvent& event, const InRule& rule, const Arrival& arrival, Link& link) {
  const std::string name = topic_of_form(rule.into, event.hops.substr(0, event.hops.find(',')), event.topic);
  const PublishOptions options = event.options(wait_slice);
  for (bool waited = false; !ended_;) {
    InTopics::Problem problem;
    Publisher* publisher = topics_.find(name, event.type, problem);
    if (publisher == nullptr) {
      if (bus_.removed()) return false;
      if (problem.passing) {
        counters_.held_back = waited = true;
        repeated_.log(spdlog::level::warn, fmt::format("topic {}: events that come in wait: {}", name, problem.text));
        std::this_thread::sleep_for(wait_slice);
        link.read_on();
        continue;
      }
      undeliverable(origin, arrival, fmt::format("topic {}: {}", name, problem.text));
      return true;
    }
    const auto before = Clock::now();
    if (Loan loan = publisher->loan(event.payload.size(), options)) {
      std::memcpy(loan.payload().data(), event.payload.data(), event.payload.size());
      crash_point("in.claimed");
      state_.begin(origin.record, {arrival.sequence, publisher->topic().id, loan.sequence(), event.event, arrival.time});
      crash_point("in.pending");
      loan.commit();
      crash_point("in.committed");
      state_.finish(origin.record, arrival.sequence, arrival.time, &event.event);
      crash_point("in.finished");
      ++origin.counts.published;
      if (waited) counters_.held_back = false;
      return true;
    } else if (loan.status() == Status::back_pressured || loan.status() == Status::no_memory) {
      waited = true;
      counters_.held_back = true;
      counters_.held_back_ns += std::chrono::nanoseconds(Clock::now() - before).count();
      repeated_.log(spdlog::level::warn,
                   fmt::format("topic {}: events that come in wait: {}; `shmbus who --bus {}` names who holds it", name,
                               to_string(loan.status()), settings_.bus));
      if (loan.status() == Status::no_memory) std::this_thread::sleep_for(wait_slice);
      link.read_on();  // meanwhile the server is answered, and acknowledgements come in
    } else if (loan.status() == Status::closed) {
      if (bus_.removed() || bus_.interrupted()) return false;
      topics_.forget(name);  // the topic was removed: the next round makes it anew
    } else {
      undeliverable(origin, arrival, fmt::format("topic {}: {}", name, to_string(loan.status())));
      return true;
    }
  }
  return false;
}

void InFlow::skip(Origin& origin, const Arrival& arrival, Count& count) {
  ++count;
  state_.finish(origin.record, arrival.sequence, arrival.time, nullptr);
}

void InFlow::undeliverable(Origin& origin, const Arrival& arrival, const std::string& why) {
  ++origin.counts.undeliverable;
  repeated_.log(spdlog::level::err, fmt::format("origin {}: an event can't come in: {}", origin.name, why));
  spdlog::debug("origin {}: message {} of its stream is left out", origin.name, arrival.sequence);
  state_.finish(origin.record, arrival.sequence, arrival.time, nullptr);
}

}  // namespace shmbus::bridge
