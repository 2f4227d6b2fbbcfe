// How the way out begins, and begins again: it brings the window in line with what the stream has.

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "crash_point.hpp"
#include "nats_error.hpp"
#include "out_flow.hpp"
#include "shmbus/inspector.hpp"

namespace shmbus::bridge {

void OutFlow::recover(Link& link) {
  acknowledgements_->drain([&] { return link.lost(); });
  crash_point("out.drained");
  max_payload_ = link.max_payload();
  stream_.emplace(link, settings_.nats, settings_.name);
  StreamState found = stream_->state();
  const std::optional<Written> last = stream_->last();
  if (last) found.last = std::max(found.last, last->place);  // one may have been stored between the two answers
  check_writer(last);
  if (last || found.last != 0 || state_.has_positions()) unknown_ = false;
  const bool same = std::exchange(created_, found.created) == found.created;
  if (stream_->made() && state_.has_positions())
    spdlog::warn("stream {} was deleted, and is made anew: what was acknowledged before is not sent again", stream_->name());
  state_.adopt_stream(found.created);
  const std::size_t stored = same && keeps_places(found.last, last) ? take_out_up_to(found.last) : renumber();
  take_out_too_large();
  ++counters_.out.recoveries;
  counters_.out.recovered += stored;
  crash_point("out.numbered");
  if (!std::exchange(planned_, true)) load_plan();
  acknowledgements_->with_window([&](const Window& window) {
    unsent_ = window.first();
    probing_ = !window.empty();
  });
  acknowledgements_->begin(link.connection());
  if (!probing_) counters_.trouble(Part::out, {});
}

void OutFlow::check_writer(const std::optional<Written>& last) const {
  if (!last || take_over_ || (last->machine == machine_ && last->bus == settings_.bus)) return;
  throw StreamError(fmt::format(
      "stream {}: expected to be written by the bus {} of this machine ({}), found bus {} of machine {}; give this bridge "
      "another name, or, if that bridge will never run again, start this one once with --take-over",
      stream_->name(), settings_.bus, machine_, last->bus, last->machine));
}

bool OutFlow::keeps_places(std::uint64_t last_place, const std::optional<Written>& last) {
  return acknowledgements_->with_window([&](const Window& window) {
    if (last_place + 1 < window.first()) {
      counters_.out.vanished += window.first() - last_place - 1;
      spdlog::error("stream {}: it ends at {}, but JetStream has acknowledged up to {}: it has lost {} messages", stream_->name(),
                    last_place, window.first() - 1, window.first() - last_place - 1);
      return false;
    }
    if (last_place >= window.next()) return false;  // somebody else wrote it
    if (last_place < window.first()) return true;
    // Without its last message (it was deleted, or is too old) there is nothing to compare.
    return !last || last->place != last_place || last->event == window.at(last_place).event;
  });
}

std::size_t OutFlow::take_out_up_to(std::uint64_t place) {
  return acknowledgements_->with_window([&](Window& window) {
    std::size_t count = 0;
    for (; !window.empty() && window.first() <= place; ++count) {
      state_.set_position(window.front().event.topic, window.front().event.sequence);
      window.pop_front();
    }
    window.forget_acknowledgements();
    return count;
  });
}

std::size_t OutFlow::renumber() {
  std::map<const OutTopic*, std::optional<Written>> stored;
  acknowledgements_->with_window([&](const Window& window) {
    for (std::uint64_t place = window.first(); place != window.next(); ++place) stored[window.at(place).topic];
  });
  // The answers must be of one moment: a message that is stored meanwhile would shift all places.
  StreamState found = stream_->state();
  for (int attempt = 1;; ++attempt) {
    for (auto& [topic, last] : stored) last = stream_->last_of(topic->name);
    const StreamState after = stream_->state();
    if (after.last == found.last && after.created == found.created) break;
    if (attempt == 10) throw StreamError(fmt::format("stream {}: it is written by somebody else", stream_->name()));
    found = after;
  }
  return acknowledgements_->with_window([&](Window& window) {
    const std::size_t count = window.take_out([&](const Message& message) {
      const auto& last = stored[message.topic];
      const bool is_in = last && last->event.bus == message.event.bus && last->event.topic == message.event.topic &&
                         last->event.sequence >= message.event.sequence;
      if (is_in) state_.set_position(message.event.topic, message.event.sequence);
      return is_in;
    });
    window.renumber(found.last + 1);
    plan_anew(window);
    return count;
  });
}

void OutFlow::take_out_too_large() {
  acknowledgements_->with_window([&](Window& window) {
    const std::size_t count = window.take_out([&](const Message& message) {
      if (message.sent_bytes() <= max_payload_) return false;
      leave_out(message);
      return true;
    });
    if (count != 0) plan_anew(window);
  });
}

void OutFlow::plan_anew(const Window& window) {
  state_.end_plan(window.first());
  for (std::uint64_t place = window.first(); place != window.next(); ++place)
    state_.plan(place, window.at(place).event.topic, window.at(place).event.sequence);
}

void OutFlow::load_plan() {
  const std::uint64_t first = acknowledgements_->with_window([](const Window& window) { return window.first(); });
  std::vector<StateFile::Planned> plan;
  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> ranges;  // of each topic
  while (plan.size() < StateFile::plan_size) {
    const auto planned = state_.planned(first + plan.size());
    if (!planned) break;
    plan.push_back(*planned);
    auto& [begin, end] = ranges.try_emplace(planned->topic, planned->sequence, planned->sequence).first->second;
    begin = std::min(begin, planned->sequence);
    end = std::max(end, planned->sequence);
  }
  if (plan.empty()) return;
  Inspector inspector(settings_.bus, settings_.owners);
  std::map<std::pair<std::uint64_t, std::uint64_t>, EventSnapshot> events;
  for (const TopicSnapshot& topic : inspector.snapshot().topics) {
    const auto range = ranges.find(topic.info.id);
    if (range == ranges.end()) continue;
    EventReader reader =
        inspector.read(topic.info.name, Start::sequence(range->second.first), {.retained_only = true});
    while (const EventSnapshot* event = reader.next()) {
      if (event->sequence > range->second.second) break;
      events.emplace(std::pair{topic.info.id, event->sequence}, *event);
    }
  }
  for (const StateFile::Planned& planned : plan) {
    const auto place = events.find({planned.topic, planned.sequence});
    if (place == events.end()) break;  // left the ring: what follows comes in the order in which it is read
    const EventView event = view_of(place->second);
    OutTopic& topic = topic_of(event);
    if (topic.rule == nullptr) break;  // the rules have changed
    // The plan knows better than the stream, which may get one of these messages at any moment.
    if (!std::exchange(topic.begun, true)) begin_planned(topic, event.id);
    take(topic, event);
  }
}

}  // namespace shmbus::bridge
