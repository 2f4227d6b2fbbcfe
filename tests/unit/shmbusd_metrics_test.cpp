// What shmbusd serves, as text.

#include "shmbusd/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <regex>
#include <sstream>
#include <string>

#include "layout/latency_histogram.hpp"

using namespace std::chrono_literals;
using shmbus::BusSnapshot;
using shmbus::Latency;
using shmbus::NodeState;
using shmbus::daemon::Look;
using shmbus::daemon::Metrics;
using shmbus::daemon::served_bounds;

namespace {

Latency latency_of(const std::map<std::uint64_t, std::uint64_t>& events_by_units, double ns_per_unit = 1) {
  std::vector<std::uint64_t> counts(shmbus::layout::kLatencyBuckets);
  for (const auto& [units, events] : events_by_units) counts[shmbus::layout::latency_bucket(units)] += events;
  return {std::move(counts), ns_per_unit};
}

/// A bus with a topic, a publisher and a subscriber.
BusSnapshot some_bus() {
  BusSnapshot bus;
  bus.name = "b";
  bus.incarnation = 7;
  bus.created = shmbus::Time{1500ms};
  bus.nodes.resize(3);
  bus.nodes[0].state = bus.nodes[1].state = NodeState::alive;
  shmbus::TopicSnapshot& topic = bus.topics.emplace_back();
  topic.info.name = "t";
  topic.info.block_size = 4096;
  topic.info.blocks = 16;
  topic.published = 20;
  topic.oldest = 11;
  topic.bytes = 1000;
  topic.opened_blocks = 3;
  topic.memory = 8192;
  topic.dropped_blocks = 1;
  topic.repaired_claims = 2;
  topic.repaired_ports = 4;
  shmbus::PublisherSnapshot& p = topic.publishers.emplace_back();
  p.port = 1;
  p.pid = 100;
  p.program = "writer";
  p.published = 20;
  p.bytes = 900;
  p.waits = 5;
  p.waiting_for = 250ms;
  p.claim_open = true;
  shmbus::SubscriberSnapshot& s = topic.subscribers.emplace_back();
  s.port = 2;
  s.pid = 200;
  s.program = "reader";
  s.name = "badges";
  s.lag = 6;
  s.lag_time = 1500ms;
  s.delivered = 13;
  s.lost = 1;
  s.lapped = 1;
  s.wakeups = 9;
  s.handler_errors = 3;
  s.mismatched = 7;
  s.gating = true;
  s.gating_for = 2s;
  s.latency = latency_of({{1000, 10}, {3000, 5}});
  for (const std::size_t count : {1u, 0u, 2u}) bus.subscriptions.emplace_back().unattached_count = count;
  return bus;
}

std::string text_of(Metrics& metrics, const std::vector<Look>& looks) {
  return prometheus::TextSerializer{}.Serialize(
      metrics.families(looks, {.size = 1000, .free = 400},
                       {.reaped_nodes = 1, .reaped_ports = 2, .reaped_subscriptions = 3, .reaped_segments = 4}));
}
std::string text_of(const BusSnapshot& bus) {
  Metrics metrics;
  return text_of(metrics, {{bus.name, bus, {}}});
}

/// Values by series.
std::map<std::string, double> series_of(const std::string& text) {
  std::map<std::string, double> series;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    const std::size_t space = line.rfind(' ');
    CAPTURE(line);
    CHECK(series.emplace(line.substr(0, space), std::stod(line.substr(space + 1))).second);
  }
  return series;
}

}  // namespace

TEST_CASE("metrics give what a snapshot holds, with labels and units", "[shmbusd]") {
  const auto series = series_of(text_of(some_bus()));
  const std::string topic = R"({bus="b",topic="t"})";
  const std::string publisher = R"({bus="b",topic="t",program="writer",pid="100",port="1"})";
  const std::string subscriber = R"({bus="b",topic="t",program="reader",pid="200",port="2",subscriber="badges"})";
  const std::map<std::string, double> expected{
      {"shmbus_shm_size_bytes", 1000},
      {"shmbus_shm_free_bytes", 400},
      {"shmbusd_reaped_nodes_total", 1},
      {"shmbusd_reaped_ports_total", 2},
      {"shmbusd_reaped_subscriptions_total", 3},
      {"shmbusd_reaped_segments_total", 4},
      {R"(shmbus_bus_readable{bus="b"})", 1},
      {R"(shmbus_bus_created_timestamp_seconds{bus="b"})", 1.5},
      {R"(shmbus_bus_unattached_topics{bus="b"})", 3},
      {R"(shmbus_nodes{bus="b",state="alive"})", 2},
      {R"(shmbus_nodes{bus="b",state="stopped"})", 0},
      {R"(shmbus_nodes{bus="b",state="dead"})", 1},
      {"shmbus_topic_readable" + topic, 1},
      {"shmbus_topic_events_total" + topic, 20},
      {"shmbus_topic_bytes_total" + topic, 1000},
      {"shmbus_topic_retained_events" + topic, 10},
      {"shmbus_topic_memory_bytes" + topic, 8192},
      {"shmbus_topic_block_size_bytes" + topic, 4096},
      {"shmbus_topic_ring_blocks" + topic, 16},
      {"shmbus_topic_opened_blocks_total" + topic, 3},
      {"shmbus_topic_dropped_blocks_total" + topic, 1},
      {"shmbus_topic_repaired_claims_total" + topic, 2},
      {"shmbus_topic_repaired_ports_total" + topic, 4},
      {"shmbus_publisher_events_total" + publisher, 20},
      {"shmbus_publisher_bytes_total" + publisher, 900},
      {"shmbus_publisher_waits_total" + publisher, 5},
      {"shmbus_publisher_waiting_seconds" + publisher, 0.25},
      {"shmbus_publisher_claim_open" + publisher, 1},
      {"shmbus_subscriber_lag_events" + subscriber, 6},
      {"shmbus_subscriber_lag_seconds" + subscriber, 1.5},
      {"shmbus_subscriber_delivered_events_total" + subscriber, 13},
      {"shmbus_subscriber_lost_events_total" + subscriber, 1},
      {"shmbus_subscriber_lapped_total" + subscriber, 1},
      {"shmbus_subscriber_wakeups_total" + subscriber, 9},
      {"shmbus_subscriber_handler_errors_total" + subscriber, 3},
      {"shmbus_subscriber_mismatched_events_total" + subscriber, 7},
      {"shmbus_subscriber_gating" + subscriber, 1},
      {"shmbus_subscriber_gating_seconds" + subscriber, 2},
      {"shmbus_subscriber_delivery_latency_seconds_count" + subscriber, 15},
  };
  for (const auto& [name, value] : expected) {
    CAPTURE(name);
    REQUIRE(series.count(name) == 1);
    CHECK(series.at(name) == value);
  }
  // No other series than these and the histogram's.
  for (const auto& [name, value] : series) {
    CAPTURE(name);
    CHECK((expected.count(name) == 1 || name.starts_with("shmbus_subscriber_delivery_latency_seconds_") ||
           name.starts_with("shmbusd_build_info{")));
  }
}

TEST_CASE("metrics give how far a durable name is behind, held or not", "[shmbusd]") {
  shmbus::DurableSnapshot durable;
  durable.name = "billing";
  durable.standing_by = 2;
  durable.topics = {{.topic = "t", .acknowledged = 5, .published = 20, .behind = 15, .dropped = 4, .problem = {}},
                    {.topic = "u", .problem = "damaged"}};
  Metrics metrics;
  const auto series = series_of(text_of(metrics, {{"b", some_bus(), {}, {durable}}}));
  const std::string name = R"({bus="b",durable="billing"})", topic = R"({bus="b",durable="billing",topic="t"})";
  CHECK(series.at("shmbus_durable_held" + name) == 0);
  CHECK(series.at("shmbus_durable_standing_by" + name) == 2);
  CHECK(series.at("shmbus_durable_readable" + topic) == 1);
  CHECK(series.at("shmbus_durable_acknowledged_sequence" + topic) == 5);
  CHECK(series.at("shmbus_durable_behind_events" + topic) == 15);
  CHECK(series.at("shmbus_durable_dropped_events" + topic) == 4);
  CHECK(series.at(R"(shmbus_durable_readable{bus="b",durable="billing",topic="u"})") == 0);
  CHECK(series.count(R"(shmbus_durable_behind_events{bus="b",durable="billing",topic="u"})") == 0);
}

namespace {

/// All numbers differ.
shmbus::daemon::TraceCounts some_trace_counts() {
  shmbus::daemon::TraceCounts c;
  c.settled = 50;
  c.selected = {1, 2, 3, 4, 5};
  c.dropped = {{{6, 16}, {7, 17}, {8, 18}, {9, 19}}};
  c.exported_traces = 20;
  c.exported_spans = 21;
  c.rejected_spans = 22;
  c.requests = 23;
  c.failed_requests = 24;
  c.retries = 25;
  c.queued_requests = 26;
  c.queued_bytes = 27;
  c.last_success = shmbus::Time{2500ms};
  c.buses["b"] = {.events = 30,
                  .lost_events = 31,
                  .missed_calls = 32,
                  .dropped_events = 33,
                  .dropped_calls = 34,
                  .conflicting_calls = 35,
                  .held_events = 36,
                  .held_calls = 37,
                  .unreadable = 38};
  return c;
}

std::string text_of(const shmbus::daemon::TraceCounts& counts) {
  return prometheus::TextSerializer{}.Serialize(Metrics{}.families({}, {}, {}, counts));
}

}  // namespace

TEST_CASE("metrics give what the export of traces has done, and nothing where there is none", "[shmbusd]") {
  const std::map<std::string, double> expected{
      {"shmbusd_trace_settled_traces_total", 50},
      {R"(shmbusd_trace_selected_traces_total{reason="failed"})", 1},
      {R"(shmbusd_trace_selected_traces_total{reason="slow"})", 2},
      {R"(shmbusd_trace_selected_traces_total{reason="sampled"})", 3},
      {R"(shmbusd_trace_selected_traces_total{reason="sample"})", 4},
      {R"(shmbusd_trace_selected_traces_total{reason="rest"})", 5},
      {R"(shmbusd_trace_dropped_traces_total{reason="queue_full"})", 6},
      {R"(shmbusd_trace_dropped_traces_total{reason="too_large"})", 7},
      {R"(shmbusd_trace_dropped_traces_total{reason="refused"})", 8},
      {R"(shmbusd_trace_dropped_traces_total{reason="ended"})", 9},
      {R"(shmbusd_trace_dropped_spans_total{reason="queue_full"})", 16},
      {R"(shmbusd_trace_dropped_spans_total{reason="too_large"})", 17},
      {R"(shmbusd_trace_dropped_spans_total{reason="refused"})", 18},
      {R"(shmbusd_trace_dropped_spans_total{reason="ended"})", 19},
      {"shmbusd_trace_exported_traces_total", 20},
      {"shmbusd_trace_exported_spans_total", 21},
      {"shmbusd_trace_rejected_spans_total", 22},
      {"shmbusd_trace_requests_total", 23},
      {"shmbusd_trace_failed_requests_total", 24},
      {"shmbusd_trace_retries_total", 25},
      {"shmbusd_trace_queued_requests", 26},
      {"shmbusd_trace_queued_bytes", 27},
      {"shmbusd_trace_last_success_timestamp_seconds", 2.5},
      {R"(shmbusd_trace_events_total{bus="b"})", 30},
      {R"(shmbusd_trace_lost_events_total{bus="b"})", 31},
      {R"(shmbusd_trace_missed_calls_total{bus="b"})", 32},
      {R"(shmbusd_trace_dropped_events_total{bus="b"})", 33},
      {R"(shmbusd_trace_dropped_calls_total{bus="b"})", 34},
      {R"(shmbusd_trace_conflicting_calls_total{bus="b"})", 35},
      {R"(shmbusd_trace_held_events{bus="b"})", 36},
      {R"(shmbusd_trace_held_calls{bus="b"})", 37},
      {R"(shmbusd_trace_unreadable{bus="b"})", 38},
  };
  std::map<std::string, double> found;
  for (const auto& [name, value] : series_of(text_of(some_trace_counts()))) {
    if (name.starts_with("shmbusd_trace_")) found[name] = value;
  }
  CHECK(found == expected);
  CHECK_THAT(text_of(some_bus()), !Catch::Contains("shmbusd_trace_"));
  shmbus::daemon::TraceCounts fresh;
  CHECK_THAT(text_of(fresh), !Catch::Contains("last_success"));
}

TEST_CASE("each family of metrics has a help, and a counter's name ends in _total", "[shmbusd]") {
  std::istringstream lines{text_of(some_bus()) + text_of(some_trace_counts())};
  std::string helped;
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    std::smatch match;
    if (std::regex_match(line, match, std::regex{"# HELP (\\w+) .+\\."})) helped = match[1];
    if (!std::regex_match(line, match, std::regex{"# TYPE (\\w+) (\\w+)"})) continue;
    CHECK(match[1] == helped);
    CHECK((match[2] == "counter") == helped.ends_with("_total"));
  }
}

TEST_CASE("two ports of one process and one name are two series", "[shmbusd]") {
  BusSnapshot bus = some_bus();
  auto& subscribers = bus.topics[0].subscribers;
  subscribers.push_back(subscribers[0]);
  subscribers[1].port = 3;
  series_of(text_of(bus));  // checks that each series occurs once
}

TEST_CASE("a name that is not UTF-8 does not spoil the metrics", "[shmbusd]") {
  BusSnapshot bus = some_bus();
  bus.topics[0].publishers[0].program = "evil\xff\n\"";
  CHECK_THAT(text_of(bus), Catch::Contains(R"(program="evil\\xff\\x0a\"")"));
}

TEST_CASE("a lag in time that is not known is not served", "[shmbusd]") {
  BusSnapshot bus = some_bus();
  bus.topics[0].subscribers[0].lag_time.reset();
  CHECK_THAT(text_of(bus), !Catch::Contains("shmbus_subscriber_lag_seconds"));
}

TEST_CASE("of a topic or bus that can't be read, only this fact is served", "[shmbusd]") {
  BusSnapshot bus = some_bus();
  bus.topics[0].problem = "damaged";
  auto series = series_of(text_of(bus));
  CHECK(series.at(R"(shmbus_topic_readable{bus="b",topic="t"})") == 0);
  CHECK(series.count(R"(shmbus_topic_events_total{bus="b",topic="t"})") == 0);
  Metrics metrics;
  series = series_of(text_of(metrics, {{"b", {}, "damaged"}}));
  CHECK(series.at(R"(shmbus_bus_readable{bus="b"})") == 0);
  CHECK(series.count(R"(shmbus_nodes{bus="b",state="alive"})") == 0);
}

TEST_CASE("the served histogram counts each event once, and divides in proportion a bucket that lies across a bound",
          "[shmbusd]") {
  // 100 events in the bucket from 960 to 1024 ns, of which 40/64 lie below 1 us; 7 beyond the last bound.
  const Latency latency = latency_of({{960, 100}, {2500, 10}, {20'000'000'000, 7}});
  std::vector<double> bounds(latency.buckets() + 1);
  for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i] = static_cast<double>(latency.bound(i).count()) * 1e-9;
  const auto histogram = shmbus::daemon::served_histogram(latency, bounds);
  REQUIRE(histogram.bucket.size() == served_bounds().size() + 1);
  std::map<double, std::uint64_t> below;
  std::uint64_t before = 0;
  for (const auto& bucket : histogram.bucket) {
    CHECK(bucket.cumulative_count >= before);
    before = bucket.cumulative_count;
    below[bucket.upper_bound] = bucket.cumulative_count;
  }
  CHECK(below[5e-7] == 0);
  CHECK(below[1e-6] >= 61);
  CHECK(below[1e-6] <= 63);
  CHECK(below[2e-6] == 100);
  CHECK(below[5e-6] == 110);
  CHECK(below[10] == 110);
  CHECK(before == 117);
  CHECK(histogram.sample_count == 117);
  CHECK(histogram.sample_sum == Approx(7 * 20).epsilon(0.13));
}

TEST_CASE("counters of latency never go back while the measured rate of the clock improves", "[shmbusd]") {
  Metrics metrics;
  BusSnapshot bus = some_bus();
  std::map<std::string, double> before;
  for (int look = 0; look < 40; ++look) {
    const double rate = 0.4 + (look % 2 == 0 ? 1e-3 : -1e-3);
    bus.topics[0].subscribers[0].latency = latency_of({{2500, 1'000'000'000 + static_cast<std::uint64_t>(look)}}, rate);
    const auto series = series_of(text_of(metrics, {{"b", bus, {}}}));
    for (const auto& [name, value] : before) {
      CAPTURE(name, look);
      CHECK(series.at(name) >= value);
    }
    before = series;
  }
}

TEST_CASE("metrics give what is unsettled in a group, and what its members did", "[shmbusd][group]") {
  shmbus::GroupSnapshot group;
  group.topic = "t";
  group.group = "billing";
  group.members.resize(2);
  group.lag = 9;
  group.leased = 3;
  group.waiting = 4;
  group.oldest.emplace();
  group.oldest_age = std::chrono::milliseconds{1500};
  group.cautious = true;
  group.full = true;
  group.full_for = std::chrono::seconds{2};
  group.deaths = 1;
  group.counts = {.leases = 20,
                  .acknowledged = 11,
                  .expired = 12,
                  .redelivered = 13,
                  .dead_letters = 14,
                  .unpublished = 15,
                  .lost = 16};
  shmbus::GroupSnapshot damaged;
  damaged.topic = "t";
  damaged.group = "audit";
  damaged.problem = "damaged";
  Metrics metrics;
  const auto series = series_of(text_of(metrics, {{"b", some_bus(), {}, {}, {group, damaged}}}));
  const std::string labels = R"({bus="b",topic="t",group="billing"})", other = R"({bus="b",topic="t",group="audit"})";
  const auto at = [&](const std::string& name) { return series.at("shmbus_group_" + name + labels); };
  CHECK(at("readable") == 1);
  CHECK(at("members") == 2);
  CHECK(at("lag_events") == 9);
  CHECK(at("in_flight_events") == 3);
  CHECK(at("waiting_events") == 4);
  CHECK(at("oldest_seconds") == 1.5);
  CHECK(at("cautious") == 1);
  CHECK(at("window_full_seconds") == 2);
  CHECK(at("leases_total") == 20);
  CHECK(at("acknowledged_total") == 11);
  CHECK(at("expired_total") == 12);
  CHECK(at("redeliveries_total") == 13);
  CHECK(at("dead_letters_total") == 14);
  CHECK(at("unpublished_dead_letters_total") == 15);
  CHECK(at("lost_events_total") == 16);
  CHECK(at("deaths_total") == 1);
  CHECK(series.at("shmbus_group_readable" + other) == 0);
  CHECK(series.count("shmbus_group_lag_events" + other) == 0);
}
