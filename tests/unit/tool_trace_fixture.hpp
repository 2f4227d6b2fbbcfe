#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "shmbus/call_snapshot.hpp"
#include "shmbus/snapshot.hpp"
#include "trace_ids.hpp"
#include "trace_set.hpp"

namespace test {

/// Events and calls made by hand, as Inspector would show them. Times are microseconds after `begin`.
class TracedBus {
 public:
  static constexpr shmbus::Time begin{std::chrono::nanoseconds{1'714'564'800'000'000'000}};
  static constexpr std::uint64_t incarnation = 0xb5;

  static shmbus::Time at(double us) {
    return begin + std::chrono::nanoseconds{static_cast<std::int64_t>(us * 1000)};
  }

  static shmbus::CallId call_id(std::uint64_t number) {
    shmbus::CallId id{};
    std::memcpy(id.data(), &number, sizeof number);
    return id;
  }

  TracedBus() {
    snapshot.name = "streaming";
    snapshot.incarnation = incarnation;
  }

  /// A topic that retains events `oldest` to `newest`.
  std::uint64_t topic(const std::string& name, std::uint64_t oldest = 1, std::uint64_t newest = 1'000'000) {
    for (const auto& t : snapshot.topics) {
      if (t.info.name == name) return t.info.id;
    }
    shmbus::TopicSnapshot t;
    t.info.name = name;
    t.info.id = 0x70 + snapshot.topics.size();
    t.info.timestamps = true;
    t.oldest = oldest;
    t.published = newest;
    snapshot.topics.push_back(t);
    return t.info.id;
  }

  shmbus::EventId id(const std::string& name, std::uint64_t sequence) { return {incarnation, topic(name), sequence}; }

  /// An event that was published outside of a handler.
  shmbus::EventSnapshot& event(const std::string& name, std::uint64_t sequence, double us) {
    shmbus::EventSnapshot e;
    e.topic = name;
    e.id = id(name, sequence);
    e.sequence = sequence;
    e.time = at(us);
    e.size = 10;
    events.push_back(e);
    return events.back();
  }

  /// An event that the call published, or one whose id is `call`.
  shmbus::EventSnapshot& child(const std::string& name, std::uint64_t sequence, double us, const shmbus::EventId& cause,
                               const shmbus::CallId& call) {
    shmbus::EventSnapshot& e = event(name, sequence, us);
    e.cause = cause;
    e.trace = shmbus::TraceContext{.trace_id = trace_of(cause), .parent_id = call, .flags = 0};
    return e;
  }

  /// A subscription of a process of its own; the same name gives the same recorder.
  shmbus::RecorderSnapshot& recorder(const std::string& name) {
    for (auto& r : recorders) {
      if (r.name == name) return r;
    }
    shmbus::RecorderSnapshot r;
    r.subscription = 100 + recorders.size();
    r.node = 10 + recorders.size();
    r.pid = 800 + static_cast<std::int32_t>(recorders.size());
    r.program = name.substr(0, 15);
    r.name = name;
    r.pattern = ">";
    r.state = shmbus::NodeState::alive;
    r.started = at(-1e6);
    r.capacity = 4096;
    recorders.push_back(r);
    return recorders.back();
  }

  shmbus::CallSnapshot& call(const std::string& name, const shmbus::EventId& event, double began,
                             std::optional<double> ended) {
    shmbus::CallSnapshot c;
    c.id = call_id(++calls_);
    c.event = event;
    for (const auto& t : snapshot.topics) {
      if (t.info.id == event.topic) c.topic = t.info.name;
    }
    c.began = at(began);
    if (ended) c.ended = at(*ended);
    c.outcome = ended ? shmbus::CallOutcome::ok : shmbus::CallOutcome::running;
    auto& r = recorder(name);
    r.calls.push_back(c);
    return r.calls.back();
  }

  shmbus::TraceContext foreign(std::uint8_t digit) const {
    shmbus::TraceContext context{.trace_id = {}, .parent_id = {}, .flags = 1};
    context.trace_id.fill(std::byte{digit});
    context.parent_id.fill(std::byte{digit});
    return context;
  }

  std::array<std::byte, 16> trace_of(const shmbus::EventId& id) const {
    for (const auto& e : events) {
      if (e.id == id && e.trace) return e.trace->trace_id;
    }
    return shmbus::TraceContext::trace_id_of(id);
  }

  shmbus::tracing::TraceSet set(shmbus::tracing::TraceLimits limits = {}) const {
    shmbus::tracing::TraceSet set{limits};
    set.set_bus(snapshot);
    for (const auto& e : events) set.add(e);
    set.set_recorders(recorders);
    return set;
  }
  std::vector<shmbus::tracing::Trace> traces() const { return set().traces(); }

  shmbus::BusSnapshot snapshot;
  std::vector<shmbus::EventSnapshot> events;
  std::vector<shmbus::RecorderSnapshot> recorders;

 private:
  std::uint64_t calls_ = 0;
};

/// The example of the manual page: a watch, its handlers, and what they published.
inline TracedBus watch() {
  TracedBus bus;
  bus.topic("video.watch_started");
  bus.topic("user.preferences_updated");
  bus.topic("recommendation.updated");
  shmbus::PublisherSnapshot video;
  video.node = 1;
  video.pid = 812;
  video.program = "video-service";
  shmbus::NodeSnapshot node;
  node.id = 1;
  node.started = TracedBus::at(-5e6);
  bus.snapshot.nodes.push_back(node);
  bus.snapshot.topics[0].publishers.push_back(video);
  bus.event("video.watch_started", 50612, 0);
  const shmbus::EventId started = bus.id("video.watch_started", 50612);
  const auto user = bus.call("user-service", started, 2.1, 13.1).id;
  bus.child("user.preferences_updated", 9120, 10, started, user);
  bus.call("ranking-service", bus.id("user.preferences_updated", 9120), 11.9, 15.9);
  auto& ml = bus.call("ml-service", started, 3, 37003);
  ml.outcome = shmbus::CallOutcome::threw;
  ml.error = "no model";
  const auto ml_id = ml.id;
  bus.child("recommendation.updated", 7, 20000, started, ml_id);
  bus.call("badge-service", started, 4, std::nullopt);
  auto& badge = bus.recorder("badge-service");
  badge.died = true;
  badge.pid = 845;
  badge.state = shmbus::NodeState::dead;
  badge.ended = TracedBus::at(1.2e6);
  return bus;
}

}  // namespace test
