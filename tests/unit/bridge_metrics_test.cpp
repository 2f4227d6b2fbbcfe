// What shmbus-nats serves, as text, and the texts that name its metrics.

#include "shmbus-nats/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "shmbus/shmbus.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using nlohmann::json;
using shmbus::bridge::BridgeMetrics;
using shmbus::bridge::Counters;
using shmbus::bridge::Settings;

namespace {

Settings settings_of(const std::string& bus) {
  Settings settings;
  settings.name = "host-a";
  settings.bus = bus;
  settings.nats.urls = {"nats://127.0.0.1:4222"};
  settings.out.push_back({.topics = "video.>"});
  settings.in.push_back({.from = {"host-b"}, .topics = ">"});
  return settings;
}

/// All numbers differ. It can't be copied, so it is filled in place.
void fill(Counters& counters) {
  counters.connected = true;
  counters.connects = 2;
  counters.connect_failures = 3;
  counters.held_back = true;
  counters.held_back_ns = 4'500'000'000;
  counters.out.sent = 10;
  counters.out.acked = 11;
  counters.out.recovered = 12;
  counters.out.refused = 13;
  counters.out.recoveries = 14;
  counters.out.lost = 15;
  counters.out.too_large = 16;
  counters.out.came_in = 17;
  counters.out.in_flight = 18;
  counters.out.vanished = 19;
  for (const auto& [origin, first] : {std::pair{"host-b", 20}, std::pair{"host-c", 40}}) {
    shmbus::bridge::InCounts& in = counters.in(origin);
    std::uint64_t number = static_cast<std::uint64_t>(first);
    for (auto* count : {&in.received, &in.published, &in.duplicates, &in.looped, &in.lost, &in.undecided, &in.undeliverable,
                        &in.holes, &in.pending, &in.sequence})
      *count = number++;
  }
}

std::string text_of(const BridgeMetrics& metrics) { return prometheus::TextSerializer{}.Serialize(metrics.Collect()); }

/// Values by series; each occurs once.
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

std::set<std::string> names_in(const std::string& text) {
  static const std::regex name{"\\bshmbus_nats_\\w+"};
  return {std::sregex_token_iterator{text.begin(), text.end(), name}, std::sregex_token_iterator{}};
}

std::string file_text(const std::string& name) {
  std::ifstream file{SHMBUS_BRIDGE_SOURCES "/" + name};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// The families of a bridge with rules out and in.
std::set<std::string> families() {
  Counters counters;
  fill(counters);
  std::set<std::string> names;
  for (const auto& family : BridgeMetrics(counters, settings_of("no-such-bus")).Collect()) names.insert(family.name);
  return names;
}

}  // namespace

TEST_CASE("metrics of a bridge give what its counters hold, with labels and units", "[bridge]") {
  const test::TemporaryBus bus;
  Counters counters;
  fill(counters);
  const BridgeMetrics metrics(counters, settings_of(bus.name()));
  const std::string labels = R"(bridge="host-a",bus=")" + bus.name() + '"';
  const std::string own = '{' + labels + '}';
  std::map<std::string, double> expected{
      {"shmbus_nats_connected" + own, 1},
      {"shmbus_nats_standby" + own, 0},
      {"shmbus_nats_bus_open" + own, 0},
      {"shmbus_nats_connects_total" + own, 2},
      {"shmbus_nats_connect_failures_total" + own, 3},
      {"shmbus_nats_in_held_back" + own, 1},
      {"shmbus_nats_in_held_back_seconds_total" + own, 4.5},
      {"shmbus_nats_out_unread_events" + own, 0},
      {"shmbus_nats_out_in_flight_messages" + own, 18},
      {"shmbus_nats_out_lag_seconds" + own, 0},
      {"shmbus_nats_out_sent_total" + own, 10},
      {"shmbus_nats_out_acknowledged_total" + own, 11},
      {"shmbus_nats_out_recovered_total" + own, 12},
      {"shmbus_nats_out_refused_total" + own, 13},
      {"shmbus_nats_out_recoveries_total" + own, 14},
      {"shmbus_nats_out_lost_total" + own, 15},
      {"shmbus_nats_out_too_large_total" + own, 16},
      {"shmbus_nats_out_vanished_total" + own, 19},
      {"shmbus_nats_out_not_forwarded_total" + own, 17},
  };
  for (const auto& [origin, first] : {std::pair{"host-b", 20}, std::pair{"host-c", 40}}) {
    double number = first;
    for (const char* name :
         {"received_total", "published_total", "duplicates_total", "looped_total", "lost_total", "undecided_total",
          "undeliverable_total", "holes_total", "waiting_messages", "stream_sequence"})
      expected[std::string{"shmbus_nats_in_"} + name + '{' + labels + ",origin=\"" + origin + "\"}"] = number++;
  }
  CHECK(series_of(text_of(metrics)) == expected);

  counters.connected = false;
  counters.standby = true;
  counters.bus_open = true;
  counters.held_back = false;
  for (const char* name : {"connected", "in_held_back"}) expected[std::string{"shmbus_nats_"} + name + own] = 0;
  for (const char* name : {"standby", "bus_open"}) expected[std::string{"shmbus_nats_"} + name + own] = 1;
  CHECK(series_of(text_of(metrics)) == expected);
}

TEST_CASE("a bridge without a rule out serves no metrics of the way out, nor of origins that it does not know", "[bridge]") {
  Counters counters;
  Settings settings = settings_of("no-such-bus");
  settings.out.clear();
  const std::string text = text_of(BridgeMetrics(counters, settings));
  CHECK_THAT(text, Catch::Contains("shmbus_nats_connected{") && !Catch::Contains("shmbus_nats_out_") &&
                       !Catch::Contains("origin="));
}

TEST_CASE("metrics of a bridge say how many events its subscriptions have not read, and how old the oldest is", "[bridge]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher video = bus.publisher("video.seen"), audio = bus.publisher("audio.heard");
  shmbus::Subscriber first = bus.subscriber("video.>", {.name = "bridge host-a"});
  shmbus::Subscriber second = bus.subscriber("audio.>", {.name = "bridge host-a"});
  const shmbus::Subscriber another = bus.subscriber(">", {.name = "bridge host-b"});
  for (int i = 0; i < 3; ++i) video.publish("x");
  for (int i = 0; i < 4; ++i) audio.publish("x");
  Counters counters;
  const BridgeMetrics metrics(counters, settings_of(name.name()));
  const std::string own = R"({bridge="host-a",bus=")" + name.name() + "\"}";
  auto series = series_of(text_of(metrics));
  CHECK(series.at("shmbus_nats_out_unread_events" + own) == 7);
  CHECK(series.at("shmbus_nats_out_lag_seconds" + own) > 0);

  first.poll([](const shmbus::Event&) {});
  second.poll([](const shmbus::Event&) {});
  series = series_of(text_of(metrics));
  CHECK(series.at("shmbus_nats_out_unread_events" + own) == 0);
  CHECK(series.at("shmbus_nats_out_lag_seconds" + own) == 0);

  const auto now = std::chrono::system_clock::now().time_since_epoch();
  counters.out.oldest_time = std::chrono::nanoseconds{now - 100s}.count();
  CHECK(series_of(text_of(metrics)).at("shmbus_nats_out_lag_seconds" + own) >= 100);
}

TEST_CASE("metrics of a bridge follow a new configuration", "[bridge]") {
  Counters counters;
  BridgeMetrics metrics(counters, settings_of("no-such-bus"));
  Settings settings = settings_of("another-bus");
  settings.name = "host-z";
  metrics.set(settings);
  CHECK_THAT(text_of(metrics), Catch::Contains(R"({bridge="host-z",bus="another-bus"} )") && !Catch::Contains("host-a"));
}

TEST_CASE("each family of a bridge's metrics has a help, and a counter's name ends in _total", "[bridge]") {
  Counters counters;
  fill(counters);
  for (const auto& family : BridgeMetrics(counters, settings_of("no-such-bus")).Collect()) {
    CAPTURE(family.name, family.help);
    CHECK(family.name.starts_with("shmbus_nats_"));
    CHECK(family.help.ends_with('.'));
    CHECK((family.type == prometheus::MetricType::Counter) == family.name.ends_with("_total"));
  }
}

TEST_CASE("the manual page of shmbus-nats names each metric, and no other", "[bridge]") {
  CHECK(families().size() > 20);
  CHECK(names_in(file_text("shmbus-nats.8")) == families());
}

TEST_CASE("the guide explains each metric of the bridge, and alerts on no other", "[bridge]") {
  const std::string guide = "../../libshmbus/doc/guide/";
  const std::string page = file_text(guide + "many_hosts.md");
  for (const std::string& name : families()) {
    CAPTURE(name);
    CHECK_THAT(page, Catch::Contains('`' + name.substr(std::string{"shmbus_nats_"}.size()) + '`'));
  }
  const std::set<std::string> alerts = names_in(file_text(guide + "tools.md"));
  CHECK(alerts.size() > 5);
  for (const std::string& name : alerts) {
    CAPTURE(name);
    CHECK(families().count(name) == 1);
  }
}

TEST_CASE("the bridge's dashboard asks for every metric of the bridge, and for no other", "[bridge]") {
  const json board = json::parse(file_text("grafana-dashboard.json"));
  std::string asked;
  for (const json& panel : board.at("panels")) {
    if (panel.at("type") == "row") continue;
    CAPTURE(panel.at("title"));
    CHECK(!panel.at("targets").empty());
    for (const json& target : panel.at("targets")) {
      const std::string expression = target.at("expr");
      CHECK_THAT(expression, Catch::Contains(R"(bridge=~"$bridge")"));
      asked += expression + '\n';
    }
  }
  CHECK(names_in(asked) == families());
  std::set<std::string> variables;
  for (const json& variable : board.at("templating").at("list")) {
    variables.insert(variable.at("name").get<std::string>());
    if (variable.at("type") != "query") continue;
    for (const std::string& name : names_in(variable.at("definition"))) CHECK(families().count(name) == 1);
  }
  CHECK(variables == std::set<std::string>{"bridge", "datasource"});
}

TEST_CASE("the panels of the bridge's dashboard do not overlap, and each has its own number", "[bridge]") {
  std::set<int> ids;
  std::set<std::pair<int, int>> taken;
  const json board = json::parse(file_text("grafana-dashboard.json"));
  for (const json& panel : board.at("panels")) {
    CAPTURE(panel.at("title"));
    CHECK(ids.insert(panel.at("id").get<int>()).second);
    const json& place = panel.at("gridPos");
    const int x0 = place.at("x"), y0 = place.at("y"), width = place.at("w"), height = place.at("h");
    CHECK(x0 + width <= 24);
    bool overlaps = false;
    for (int x = x0; x < x0 + width; ++x) {
      for (int y = y0; y < y0 + height; ++y) overlaps |= !taken.emplace(x, y).second;
    }
    CHECK(!overlaps);
  }
}
