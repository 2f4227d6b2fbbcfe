#include "out_flow.hpp"

#include <poll.h>

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "crash_point.hpp"
#include "machine_id.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/pattern.hpp"
#include "subjects.hpp"
#include "text_hash.hpp"
#include "wall_time.hpp"

namespace shmbus::bridge {
namespace {

constexpr std::size_t most_bytes = std::size_t{64} << 20;  // of copies in the window
// Between two looks at what nobody signals: while one subscriber is waited for, and else.
constexpr std::chrono::milliseconds single_look{250};
constexpr int look_ms = 500;

/// Never 0.
std::uint64_t rule_id(const OutRule& rule) { return text_hash(rule.topics) | 1; }

}  // namespace

OutFlow::OutFlow(Bus& bus, const Settings& settings, StateFile& state, Counters& counters, WakeSignal& wake,
                 bool take_over)
    : bus_(bus),
      settings_(settings),
      state_(state),
      counters_(counters),
      wake_(wake),
      take_over_(take_over),
      machine_(machine_id()),
      headers_(settings.name, settings.bus, machine_),
      acknowledgements_(std::make_shared<Acknowledgements>(state, counters.out, wake)),
      began_(daemon::wall_time()) {
  for (const OutRule& rule : settings_.out) {
    SubscriberOptions options;
    options.start = Start::oldest();  // what was sent before is passed over
    options.delivery = rule.delivery;
    options.name = "bridge " + settings_.name;
    subscribers_.push_back(bus_.subscriber(rule.topics, options));
    subscriber_lost_.push_back(0);
    new_rules_.push_back(!state_.first_rules() && !state_.knows_rule(rule_id(rule)));
  }
  for (const OutRule& rule : settings_.out) state_.know_rule(rule_id(rule));
  for (const TopicSnapshot& topic : Inspector(settings_.bus, settings_.owners).snapshot().topics)
    heads_[topic.info.id] = topic.published;
}

OutFlow::~OutFlow() { acknowledgements_->drain([] { return true; }); }

void OutFlow::run(Link& link, const std::function<bool()>& stop) {
  const auto ended = [&] { return stop() || link.lost(); };
  if (subscribers_.empty()) {
    while (!ended()) wait(false);
    return;
  }
  recover(link);
  while (!ended()) {
    if (const auto failure = acknowledgements_->failure()) {
      pause(link, stop, *failure);
      if (ended()) break;
      recover(link);
      continue;
    }
    if (probing_ && acknowledgements_->progressed()) {
      probing_ = false;
      delay_.reset();
      counters_.trouble(Part::out, {});
    }
    const auto [room, size] = acknowledgements_->with_window([&](const Window& window) {
      return std::pair{window.size() < settings_.nats.window && window.bytes() < most_bytes, window.size()};
    });
    const std::size_t read = room && !probing_ ? read_bus() : 0;
    send_window(link);
    acknowledgements_->show();
    if (read != 0) continue;
    note_passed_over();
    count_lost();
    report_unattached();
    if (!room || probing_) acknowledgements_->wake_at(probing_ ? size - 1 : size / 2);
    wait(room && !probing_);
  }
  acknowledgements_->drain([] { return true; });
}

void OutFlow::pause(Link& link, const std::function<bool()>& stop, const Acknowledgements::Failure& failure) {
  // An interrupted publish finds that another place was expected; then the stream is asked at once.
  const bool other_place = failure.code == JSStreamWrongLastSequenceErr;
  if (other_place && !probing_) return;
  if (!other_place) {
    std::string reason = failure.reason;
    if (const std::string complaint = link.complaint(); !complaint.empty()) reason += "; the server said: " + complaint;
    const std::string text = fmt::format("stream {}: events can't be sent: {}", stream_of(settings_.name), reason);
    counters_.trouble(Part::out, text);
    repeated_.log(spdlog::level::warn, text);
  }
  const auto end = std::chrono::steady_clock::now() + delay_.next();
  while (!stop() && !link.lost() && std::chrono::steady_clock::now() < end) wait(false);
}

std::size_t OutFlow::read_bus() {
  take_waiting();
  std::size_t count = 0;
  for (std::size_t i = 0; i < subscribers_.size(); ++i) {
    const OutRule& rule = settings_.out[i];
    const std::size_t room = acknowledgements_->with_window(
        [&](const Window& window) { return settings_.nats.window - std::min(settings_.nats.window, window.size()); });
    count += subscribers_[i].poll(
        [&](const Event& event) {
          const EventView view = view_of(event);
          OutTopic& topic = topic_of(view);
          if (topic.rule != &rule) return;
          // The stream is asked for the topic's position after the poll: if that fails, the event must not be lost.
          if (topic.begun) take(topic, view);
          else waiting_.push_back(event.retain());
        },
        std::min<std::size_t>(room, 256));
    take_waiting();
  }
  return count;
}

void OutFlow::take_waiting() {
  for (; !waiting_.empty(); waiting_.pop_front()) {
    const EventView event = view_of(*waiting_.front());
    OutTopic& topic = topic_of(event);
    if (!topic.begun) begin_topic(topic, event.id);
    take(topic, event);
  }
}

OutTopic& OutFlow::topic_of(const EventView& event) {
  std::unique_ptr<OutTopic>& topic = topics_[event.id.topic];
  if (topic) return *topic;
  topic = std::make_unique<OutTopic>();
  topic->id = event.id.topic;
  topic->name = event.topic;
  topic->subject = subject_of(settings_.name, topic->name);
  for (const OutRule& rule : settings_.out) {
    if (!matches(rule.topics, topic->name)) continue;
    topic->rule = &rule;
    break;
  }
  return *topic;
}

void OutFlow::begin_topic(OutTopic& topic, const EventId& first) {
  const auto stored = stream_->last_of(topic.name);
  topic.read = state_.position(first.topic);
  if (stored && stored->event.bus == first.bus && stored->event.topic == first.topic)
    topic.read = std::max(topic.read, stored->event.sequence);
  find_type(topic);
  if (topic.read != 0) {
    if (first.sequence > topic.read + 1) {
      const std::uint64_t lost = first.sequence - topic.read - 1;
      counters_.out.lost += lost;
      spdlog::warn("topic {}: {} numbers after #{} left the ring before this bridge was back: their events are lost to NATS; "
                   "a larger ring (TopicOptions::blocks) bridges a longer time", topic.name, lost, topic.read);
    }
  } else if (topic.rule != nullptr && (unknown_ || is_new(*topic.rule))) {
    if (topic.rule->start.kind == RuleStart::Kind::fresh)
      if (const auto head = heads_.find(first.topic); head != heads_.end()) topic.read = head->second;
    if (topic.rule->start.kind == RuleStart::Kind::age) topic.not_before = began_ - topic.rule->start.age;
  }
  topic.begun = true;
}

bool OutFlow::is_new(const OutRule& rule) const {
  return new_rules_[static_cast<std::size_t>(&rule - settings_.out.data())];
}

void OutFlow::begin_planned(OutTopic& topic, const EventId& first) {
  topic.read = first.sequence - 1;
  find_type(topic);
}

void OutFlow::find_type(OutTopic& topic) {
  if (const auto info = bus_.find_topic(topic.name); info && info->id == topic.id) topic.type = type_text(info->type());
}

void OutFlow::take(OutTopic& topic, const EventView& event) {
  if (event.id.sequence <= topic.read) return;
  topic.read = event.id.sequence;
  if (event.time < topic.not_before) return pass_over(topic);
  if (const auto passage = passage_of(event.headers);
      passage && (!topic.rule->forward || passed(passage->hops, settings_.name))) {
    ++counters_.out.came_in;
    return pass_over(topic);
  }
  crash_point("out.polled");
  Message message{event.id, event.time, &topic, {}, event.payload.size()};
  message.bytes.reserve(event.payload.size() + 512);
  message.bytes.assign(reinterpret_cast<const char*>(event.payload.data()), event.payload.size());
  message.headers = headers_.append(message.bytes, event, topic.type);
  if (message.sent_bytes() > max_payload_) {
    leave_out(message);
    return pass_over(topic);
  }
  acknowledgements_->with_window([&](Window& window) {
    state_.plan(window.next(), event.id.topic, event.id.sequence);
    window.push(std::move(message));
  });
  crash_point("out.planned");
}

void OutFlow::leave_out(const Message& message) {
  ++counters_.out.too_large;
  repeated_.log(spdlog::level::err,
               fmt::format("topic {}: an event can't be sent, it has {} bytes with its headers, and the server takes {}; it is left "
                           "out; raise max_payload in the server's configuration", message.topic->name, message.sent_bytes(),
                           max_payload_));
}

void OutFlow::pass_over(OutTopic& topic) {
  if (!std::exchange(topic.passed_over, true)) passed_over_.push_back(&topic);
}

void OutFlow::note_passed_over() {
  if (passed_over_.empty()) return;
  acknowledgements_->with_window([&](const Window& window) {
    if (!window.empty()) return;  // an earlier event of the topic may be in it
    for (OutTopic* topic : passed_over_) {
      state_.set_position(topic->id, topic->read);
      topic->passed_over = false;
    }
    passed_over_.clear();
  });
}

void OutFlow::send_window(Link& link) {
  const auto batch = link.batch();
  for (;;) {
    // The message stays where it is: only an acknowledgement takes it out, and others are put behind it.
    const Message* message = acknowledgements_->with_window([&](const Window& window) -> const Message* {
      if (unsent_ >= window.next() || (probing_ && unsent_ > window.first())) return nullptr;
      return &window.at(unsent_);
    });
    if (message == nullptr || !acknowledgements_->send(unsent_, *message)) return;
    ++unsent_;
    crash_point("out.sent");
  }
}

void OutFlow::wait(bool room) {
  // One subscriber is waited for directly: that is one thread's wake-up less than by its descriptor. Nothing else is urgent.
  if (room && subscribers_.size() == 1) {
    subscribers_.front().wait(single_look);
    return;
  }
  std::vector<pollfd> descriptors{{wake_.descriptor(), POLLIN, 0}};
  if (room)
    for (Subscriber& subscriber : subscribers_) descriptors.push_back({subscriber.fd(), POLLIN, 0});
  ::poll(descriptors.data(), descriptors.size(), look_ms);
  if (descriptors.front().revents != 0) wake_.clear();
}

void OutFlow::count_lost() {
  for (std::size_t i = 0; i < subscribers_.size(); ++i) {
    const std::uint64_t lost = subscribers_[i].lost();
    if (lost == subscriber_lost_[i]) continue;
    counters_.out.lost += lost - subscriber_lost_[i];
    subscriber_lost_[i] = lost;
    repeated_.log(spdlog::level::warn,
                 fmt::format("rule {}: events left the ring before they were read, and are lost to NATS; `delivery = "
                             "\"reliable\"` or a larger ring avoids it", settings_.out[i].topics));
  }
}

void OutFlow::report_unattached() {
  for (const Subscriber& subscriber : subscribers_) {
    if (subscriber.status() != Status::incomplete) continue;
    for (const UnattachedTopic& topic : subscriber.unattached())
      repeated_.log(spdlog::level::warn, fmt::format("topic {} can't be read: {}", topic.topic, topic.reason));
  }
}

}  // namespace shmbus::bridge
