#include "metrics.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include "metric_families.hpp"
#include "printable_text.hpp"
#include "trace_metrics.hpp"

namespace shmbus::daemon {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using Labels = MetricLabels;

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }
double number(std::uint64_t value) { return static_cast<double>(value); }

/// A label's value must be UTF-8: otherwise Prometheus refuses the whole page.
std::string safe(const std::string& text) { return tool::printable(text); }

BucketBounds bounds_of(const Latency& latency) {
  BucketBounds bounds(latency.buckets() + 1);
  for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i] = seconds(latency.bound(i));
  return bounds;
}

void add_topic(MetricFamilies& f, const Labels& labels, const TopicSnapshot& t) {
  f.counter("shmbus_topic_events_total", "Events published on the topic.", labels, number(t.published));
  f.counter("shmbus_topic_bytes_total", "Bytes of the topic's log: records, and the padding that ended blocks.", labels,
            number(t.bytes));
  f.gauge("shmbus_topic_retained_events", "Events that a new subscriber can still read.", labels,
          t.oldest == 0 ? 0 : number(t.published + 1 - t.oldest));
  f.gauge("shmbus_topic_memory_bytes", "Bytes of /dev/shm behind the topic's blocks.", labels, number(t.memory));
  f.gauge("shmbus_topic_block_size_bytes", "Size of a block.", labels, number(t.info.block_size));
  f.gauge("shmbus_topic_ring_blocks", "Blocks that the topic's ring holds.", labels, number(t.info.blocks));
  f.counter("shmbus_topic_opened_blocks_total", "Blocks opened.", labels, number(t.opened_blocks));
  f.counter("shmbus_topic_dropped_blocks_total", "Blocks dropped early because memory was short.", labels,
            number(t.dropped_blocks));
  f.counter("shmbus_topic_repaired_claims_total", "Claims finished for publishers that died.", labels,
            number(t.repaired_claims));
  f.counter("shmbus_topic_repaired_ports_total", "Ports freed that dead processes left.", labels,
            number(t.repaired_ports));
}

void add_journal(MetricFamilies& f, const Labels& labels, const JournalSnapshot& j) {
  f.gauge("shmbus_journal_unrecorded_events", "Events published and not written to the journal yet.", labels,
          number(j.unrecorded));
  f.gauge("shmbus_journal_not_durable_events", "Events published and not durable yet.", labels, number(j.not_durable));
  for (const RecorderState state :
       {RecorderState::none, RecorderState::recording, RecorderState::failed, RecorderState::low_space}) {
    Labels with_state = labels;
    with_state.push_back({"state", to_string(state)});
    f.gauge("shmbus_journal_state", "1 for the state that the recorder is in; none: no process records.", with_state,
            j.state == state ? 1 : 0);
  }
  f.gauge("shmbus_journal_holding", "1 while publishers wait for the journal.", labels, j.holding ? 1 : 0);
  f.counter("shmbus_journal_written_bytes_total", "Bytes written to the journal.", labels, number(j.bytes));
  f.counter("shmbus_journal_syncs_total", "Syncs of the journal.", labels, number(j.syncs));
  f.counter("shmbus_journal_sync_seconds_total", "Time that these syncs took.", labels, seconds(j.sync_time));
  f.gauge("shmbus_journal_longest_sync_seconds", "Time that the longest of them took.", labels,
          seconds(j.longest_sync));
  f.counter("shmbus_journal_failures_total", "Writes and syncs that failed.", labels, number(j.failures));
  f.counter("shmbus_journal_missing_events_total", "Events that left the ring unrecorded.", labels, number(j.missing));
  f.counter("shmbus_journal_hand_overs_total", "Times that a process began to record.", labels, number(j.hand_overs));
  f.gauge("shmbus_journal_files", "Segment files of the journal.", labels, number(j.files));
  f.gauge("shmbus_journal_files_bytes", "Bytes of these files.", labels, number(j.files_bytes));
  f.gauge("shmbus_journal_free_bytes", "Bytes free on their file system.", labels, number(j.free_bytes));
}

void add_publisher(MetricFamilies& f, const Labels& labels, const PublisherSnapshot& p) {
  f.counter("shmbus_publisher_events_total", "Events this publisher published.", labels, number(p.published));
  f.counter("shmbus_publisher_bytes_total", "Bytes of this publisher's records: headers and payloads.", labels,
            number(p.bytes));
  f.counter("shmbus_publisher_waits_total", "Times this publisher waited for a reliable subscriber.", labels,
            number(p.waits));
  f.gauge("shmbus_publisher_waiting_seconds", "How long it has been waiting now; 0 while it does not wait.", labels,
          seconds(p.waiting_for));
  f.gauge("shmbus_publisher_claim_open", "1 while it is between claim and commit.", labels, p.claim_open ? 1 : 0);
}

void add_subscriber(MetricFamilies& f, const Labels& labels, const SubscriberSnapshot& s) {
  f.gauge("shmbus_subscriber_lag_events", "Events published and not read by this subscriber yet.", labels,
          number(s.lag));
  if (s.lag_time)
    f.gauge("shmbus_subscriber_lag_seconds", "How long the oldest of these events has waited.", labels,
            seconds(*s.lag_time));
  f.counter("shmbus_subscriber_delivered_events_total", "Events this subscriber read.", labels, number(s.delivered));
  f.counter("shmbus_subscriber_lost_events_total",
            "Sequence numbers that this subscriber did not see, aborted ones included.", labels, number(s.lost));
  f.counter("shmbus_subscriber_lapped_total", "Times its next block had left the ring.", labels, number(s.lapped));
  f.counter("shmbus_subscriber_wakeups_total", "Times it slept in the kernel.", labels, number(s.wakeups));
  f.counter("shmbus_subscriber_handler_errors_total", "Handler calls that threw.", labels, number(s.handler_errors));
  f.counter("shmbus_subscriber_mismatched_events_total", "Events that were not of the type it reads.", labels,
            number(s.mismatched));
  f.gauge("shmbus_subscriber_gating", "1 while publishers are held back by this subscriber.", labels, s.gating ? 1 : 0);
  f.gauge("shmbus_subscriber_gating_seconds", "How long they have been held back; 0 while they are not.", labels,
          s.gating ? seconds(s.gating_for) : 0);
}

/// A port's labels. The port number distinguishes ports that one process opened twice; a topic has 64.
Labels port_labels(const Labels& topic, const std::string& program, std::int32_t pid, unsigned port) {
  Labels labels = topic;
  labels.push_back({"program", safe(program)});
  labels.push_back({"pid", std::to_string(pid)});
  labels.push_back({"port", std::to_string(port)});
  return labels;
}

void add_bus(MetricFamilies& f, const BusSnapshot& bus, BucketBounds& bounds) {
  const Labels labels{{"bus", bus.name}};
  f.gauge("shmbus_bus_created_timestamp_seconds", "When the bus was created, in seconds since 1970.", labels,
          seconds(bus.created.time_since_epoch()));
  for (const NodeState state : {NodeState::alive, NodeState::stopped, NodeState::dead}) {
    const auto count =
        std::count_if(bus.nodes.begin(), bus.nodes.end(), [&](const auto& n) { return n.state == state; });
    f.gauge("shmbus_nodes", "Nodes of the bus by state: alive, stopped by the system, dead and not reaped yet.",
            {{"bus", bus.name}, {"state", to_string(state)}}, static_cast<double>(count));
  }
  std::size_t unattached = 0;
  for (const SubscriptionSnapshot& s : bus.subscriptions) unattached += s.unattached_count;
  f.gauge("shmbus_bus_unattached_topics", "Topics that subscribers match and could not attach, summed over them.",
          labels, number(unattached));
  for (const TopicSnapshot& topic : bus.topics) {
    const Labels topic_labels{{"bus", bus.name}, {"topic", safe(topic.info.name)}};
    f.gauge("shmbus_topic_readable", "1 if the topic could be read.", topic_labels, topic.problem.empty() ? 1 : 0);
    if (!topic.problem.empty()) continue;
    add_topic(f, topic_labels, topic);
    if (topic.journal) add_journal(f, topic_labels, *topic.journal);
    for (const PublisherSnapshot& p : topic.publishers)
      add_publisher(f, port_labels(topic_labels, p.program, p.pid, p.port), p);
    for (const SubscriberSnapshot& s : topic.subscribers) {
      Labels port = port_labels(topic_labels, s.program, s.pid, s.port);
      port.push_back({"subscriber", safe(s.name)});
      add_subscriber(f, port, s);
      if (s.latency.count() == 0) continue;
      if (bounds.size() != s.latency.buckets() + 1) bounds = bounds_of(s.latency);
      f.histogram("shmbus_subscriber_delivery_latency_seconds",
                  "From an event's commit until the subscriber began to handle it, by samples.", port,
                  served_histogram(s.latency, bounds));
    }
  }
}

void add_durable(MetricFamilies& f, const std::string& bus, const DurableSnapshot& d) {
  const Labels name{{"bus", bus}, {"durable", d.name}};
  f.gauge("shmbus_durable_held", "1 while a subscriber holds the durable name.", name, d.held ? 1 : 0);
  f.gauge("shmbus_durable_standing_by", "Subscribers that stand by for the durable name.", name,
          static_cast<double>(d.standing_by));
  for (const DurableTopicSnapshot& t : d.topics) {
    Labels labels = name;
    labels.push_back({"topic", safe(t.topic)});
    f.gauge("shmbus_durable_readable", "1 if the position in the topic could be read.", labels,
            t.problem.empty() ? 1 : 0);
    if (!t.problem.empty()) continue;
    f.gauge("shmbus_durable_acknowledged_sequence", "Sequence of the last acknowledged event; 0: none.", labels,
            number(t.acknowledged));
    f.gauge("shmbus_durable_behind_events", "Events published and not acknowledged.", labels, number(t.behind));
    f.gauge("shmbus_durable_dropped_events",
            "Of those, events that have left the ring: whoever opens the name next counts them as lost.", labels,
            number(t.dropped));
  }
}

void add_group(MetricFamilies& f, const std::string& bus, const GroupSnapshot& g) {
  const Labels labels{{"bus", bus}, {"topic", safe(g.topic)}, {"group", g.group}};
  f.gauge("shmbus_group_readable", "1 if the group's file could be read.", labels, g.problem.empty() ? 1 : 0);
  if (!g.problem.empty()) return;
  f.gauge("shmbus_group_members", "Members of the group.", labels, static_cast<double>(g.members.size()));
  f.gauge("shmbus_group_lag_events", "Events published and not settled in the group.", labels, number(g.lag));
  f.gauge("shmbus_group_in_flight_events", "Of those, events that members hold.", labels, number(g.leased));
  f.gauge("shmbus_group_waiting_events", "Of those, events that members have come to, and that nobody holds.", labels,
          number(g.waiting));
  if (!g.oldest || g.oldest_age)
    f.gauge("shmbus_group_oldest_seconds", "Age of the first event that is not settled; 0: there is none.", labels,
            g.oldest ? seconds(*g.oldest_age) : 0);
  f.gauge("shmbus_group_cautious", "1 while the group leases one event a second, since most leases failed.", labels,
          g.cautious ? 1 : 0);
  f.gauge("shmbus_group_window_full_seconds", "How long the group's window has been full; 0: it is not.", labels,
          g.full ? seconds(g.full_for) : 0);
  f.counter("shmbus_group_leases_total", "Events leased, again or for the first time.", labels,
            number(g.counts.leases));
  f.counter("shmbus_group_acknowledged_total", "Leases that were acknowledged.", labels,
            number(g.counts.acknowledged));
  f.counter("shmbus_group_expired_total", "Leases that had ended before their holder ended them.", labels,
            number(g.counts.expired));
  f.counter("shmbus_group_redeliveries_total", "Leases of events that had been leased before.", labels,
            number(g.counts.redelivered));
  f.counter("shmbus_group_dead_letters_total", "Events published as dead letters.", labels,
            number(g.counts.dead_letters));
  f.counter("shmbus_group_unpublished_dead_letters_total", "Dead letters that could not be published; tried again.",
            labels, number(g.counts.unpublished));
  f.counter("shmbus_group_lost_events_total", "Events that left the ring before any member read them.", labels,
            number(g.counts.lost));
  f.counter("shmbus_group_deaths_total", "Members that died.", labels, number(g.deaths));
}

}  // namespace

const std::vector<double>& served_bounds() {
  static const std::vector<double> bounds{1e-7, 2e-7, 5e-7, 1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3,
                                          2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1,  0.2,  0.5,  1,    2,    5,    10};
  return bounds;
}

ClientMetric::Histogram served_histogram(const Latency& latency, const BucketBounds& bounds) {
  ClientMetric::Histogram histogram;
  const std::vector<double>& served = served_bounds();
  std::uint64_t below = 0;  // events of the buckets so far
  std::size_t at = 0;
  const std::size_t buckets = std::min(latency.buckets(), bounds.size() - 1);
  for (const double bound : served) {
    for (; at < buckets && bounds[at + 1] <= bound; ++at) below += latency.events(at);
    std::uint64_t part = 0;
    if (at < buckets && bounds[at] < bound) {
      const double share = (bound - bounds[at]) / (bounds[at + 1] - bounds[at]);
      part = std::min(latency.events(at), static_cast<std::uint64_t>(share * number(latency.events(at))));
    }
    histogram.bucket.push_back({.cumulative_count = below + part, .upper_bound = bound});
  }
  for (std::size_t i = 0; i < buckets; ++i)
    histogram.sample_sum += number(latency.events(i)) * (bounds[i] + bounds[i + 1]) / 2;
  histogram.sample_count = latency.count();
  histogram.bucket.push_back(
      {.cumulative_count = latency.count(), .upper_bound = std::numeric_limits<double>::infinity()});
  return histogram;
}

std::vector<MetricFamily> Metrics::families(const std::vector<Look>& looks, const Memory& memory, const OwnCounts& own,
                                            const std::optional<TraceCounts>& traces) {
  MetricFamilies f;
  f.gauge("shmbusd_build_info", "1; the label holds shmbusd's version.", {{"version", SHMBUS_VERSION}}, 1);
  f.counter("shmbusd_reaped_nodes_total", "Dead nodes that shmbusd freed.", {}, number(own.reaped_nodes));
  f.counter("shmbusd_reaped_ports_total", "Ports of dead nodes that shmbusd freed.", {}, number(own.reaped_ports));
  f.counter("shmbusd_reaped_subscriptions_total", "Subscriptions of dead nodes that shmbusd freed.", {},
            number(own.reaped_subscriptions));
  f.counter("shmbusd_reaped_segments_total", "Files of dead processes that shmbusd removed.", {},
            number(own.reaped_segments));
  if (traces) add_trace_counts(f, *traces);
  if (memory.size != 0) {  // otherwise there is no limit: a free_bytes of 0 would raise an alarm
    f.gauge("shmbus_shm_size_bytes", "Bytes of /dev/shm.", {}, number(memory.size));
    f.gauge("shmbus_shm_free_bytes", "Bytes left in /dev/shm.", {}, number(memory.free));
  }
  std::erase_if(bounds_, [&](const auto& known) {
    return std::none_of(looks.begin(), looks.end(),
                        [&](const Look& look) { return look.snapshot && look.snapshot->incarnation == known.first; });
  });
  for (const Look& look : looks) {
    f.gauge("shmbus_bus_readable", "1 if the bus could be read.", {{"bus", look.bus}}, look.snapshot ? 1 : 0);
    for (const DurableSnapshot& durable : look.durables) add_durable(f, look.bus, durable);
    for (const GroupSnapshot& group : look.groups) add_group(f, look.bus, group);
    if (look.snapshot) add_bus(f, *look.snapshot, bounds_[look.snapshot->incarnation]);
  }
  return f.take();
}

}  // namespace shmbus::daemon
