#include "metrics.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "metric_families.hpp"
#include "wall_time.hpp"

namespace shmbus::bridge {
namespace {

using daemon::MetricFamilies;
using daemon::MetricLabels;

double number(std::uint64_t value) { return static_cast<double>(value); }

double seconds_since(std::int64_t ns) {
  return std::max(0.0, static_cast<double>(daemon::wall_time().time_since_epoch().count() - ns) * 1e-9);
}

void add_out(MetricFamilies& f, const MetricLabels& labels, const OutCounts& out, std::uint64_t unread, double unread_age) {
  f.gauge("shmbus_nats_out_unread_events", "Events of the bus that the bridge has not read yet.", labels, number(unread));
  f.gauge("shmbus_nats_out_in_flight_messages", "Messages that JetStream has not acknowledged yet.", labels, number(out.in_flight));
  const std::int64_t oldest = out.oldest_time;
  f.gauge("shmbus_nats_out_lag_seconds", "Age of the oldest event that JetStream has not acknowledged.", labels,
          std::max(unread_age, oldest != 0 ? seconds_since(oldest) : 0));
  f.counter("shmbus_nats_out_sent_total", "Messages sent, again ones included.", labels, number(out.sent));
  f.counter("shmbus_nats_out_acknowledged_total", "Messages that JetStream acknowledged.", labels, number(out.acked));
  f.counter("shmbus_nats_out_recovered_total", "Messages found in the stream after an interruption, not sent again.", labels,
            number(out.recovered));
  f.counter("shmbus_nats_out_refused_total", "Publishes that JetStream refused; their events were sent again.", labels,
            number(out.refused));
  f.counter("shmbus_nats_out_recoveries_total", "Times the stream was asked what it has.", labels, number(out.recoveries));
  f.counter("shmbus_nats_out_lost_total", "Sequence numbers that left the ring before the bridge read them.", labels,
            number(out.lost));
  f.counter("shmbus_nats_out_vanished_total", "Messages that JetStream acknowledged, and then lost.", labels,
            number(out.vanished));
  f.counter("shmbus_nats_out_too_large_total", "Events larger than the server takes, left out.", labels, number(out.too_large));
  f.counter("shmbus_nats_out_not_forwarded_total", "Events that a bridge brought, not sent out again.", labels,
            number(out.came_in));
}

void add_in(MetricFamilies& f, const MetricLabels& labels, const InCounts& in) {
  f.counter("shmbus_nats_in_received_total", "Messages received from the origin's stream.", labels, number(in.received));
  f.counter("shmbus_nats_in_published_total", "Events published to the bus.", labels, number(in.published));
  f.counter("shmbus_nats_in_duplicates_total", "Messages that were taken before, or by another way.", labels,
            number(in.duplicates));
  f.counter("shmbus_nats_in_looped_total", "Messages that had passed this bridge before.", labels, number(in.looped));
  f.counter("shmbus_nats_in_lost_total", "Messages that left the stream before they were received.", labels, number(in.lost));
  f.counter("shmbus_nats_in_undecided_total", "Events published again, since the first attempt's end was not to be seen.",
            labels, number(in.undecided));
  f.counter("shmbus_nats_in_undeliverable_total", "Messages that can't become an event of this bus, left out.", labels,
            number(in.undeliverable));
  f.counter("shmbus_nats_in_holes_total", "Times a message was missing, so that the consumer was made anew.", labels,
            number(in.holes));
  f.gauge("shmbus_nats_in_waiting_messages", "Messages of the origin's stream not received yet.", labels, number(in.pending));
  f.gauge("shmbus_nats_in_stream_sequence", "Last message of the origin's stream that was dealt with.", labels,
          number(in.sequence));
}

}  // namespace

void BridgeMetrics::set(const Settings& settings) {
  const std::lock_guard lock(mutex_);
  settings_ = settings;
  inspector_.reset();
}

BridgeMetrics::Unread BridgeMetrics::unread() const try {
  if (!inspector_) inspector_.emplace(settings_.bus, settings_.owners);
  const BusSnapshot bus = inspector_->snapshot();
  if (bus.removed) inspector_.reset();
  Unread unread;
  for (const TopicSnapshot& topic : bus.topics) {
    for (const SubscriberSnapshot& subscriber : topic.subscribers) {
      if (subscriber.pid != ::getpid() || subscriber.name != "bridge " + settings_.name) continue;
      unread.events += subscriber.lag;
      unread.age = std::max(unread.age, subscriber.lag_time.value_or(std::chrono::nanoseconds{0}));
    }
  }
  return unread;
} catch (const std::exception&) {
  inspector_.reset();  // there is no bus: shmbus_nats_bus_open says so
  return {};
}

std::vector<prometheus::MetricFamily> BridgeMetrics::Collect() const {
  const std::lock_guard lock(mutex_);
  MetricFamilies f;
  const MetricLabels labels{{"bridge", settings_.name}, {"bus", settings_.bus}};
  f.gauge("shmbus_nats_connected", "1 while there is a connection to NATS.", labels, counters_.connected ? 1 : 0);
  f.gauge("shmbus_nats_standby", "1 while another bridge of this name serves the bus.", labels, counters_.standby ? 1 : 0);
  f.gauge("shmbus_nats_bus_open", "1 while the bridge serves its bus.", labels, counters_.bus_open ? 1 : 0);
  f.counter("shmbus_nats_connects_total", "Connections made.", labels, number(counters_.connects));
  f.counter("shmbus_nats_connect_failures_total", "Attempts to connect that failed.", labels, number(counters_.connect_failures));
  f.gauge("shmbus_nats_in_held_back", "1 while a reliable subscriber of the bus holds back what comes in.", labels,
          counters_.held_back ? 1 : 0);
  f.counter("shmbus_nats_in_held_back_seconds_total", "How long it did.", labels,
            static_cast<double>(counters_.held_back_ns.load()) * 1e-9);
  if (!settings_.out.empty()) {
    const Unread behind = unread();
    add_out(f, labels, counters_.out, behind.events, std::chrono::duration<double>(behind.age).count());
  }
  counters_.each_in([&](const std::string& origin, const InCounts& in) {
    MetricLabels its = labels;
    its.push_back({"origin", origin});
    add_in(f, its, in);
  });
  return f.take();
}

}  // namespace shmbus::bridge
