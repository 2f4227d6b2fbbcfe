// A real Prometheus fetches from shmbusd, and the dashboard queries only metrics that exist.

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "shmbus/shmbus.hpp"
#include "shmbusd_fixture.hpp"
#include "support/forked_process.hpp"
#include "support/privileges.hpp"
#include "support/temporary_journals.hpp"

using namespace std::chrono_literals;
using nlohmann::json;
using test::ChildProcess;
using test::DaemonProcess;
using test::DaemonSettings;
using test::End;
using test::ForkedProcess;
using test::Parent;

namespace {

/// A process that publishes at a steady pace, and one that reads.
struct KnownLoad {
  static constexpr unsigned rate = 500;  // events per second

  explicit KnownLoad(const std::string& bus)
      : reader{[bus](const Parent& parent) {
          shmbus::Bus own = shmbus::Bus::open(bus);
          shmbus::Subscriber subscriber = own.subscriber("load", {.name = "reader"});
          parent.say();
          while (true) {
            subscriber.poll([](const shmbus::Event&) {});
            subscriber.wait(100ms);
          }
        }},
        writer{[bus](const Parent& parent) {
          shmbus::Bus own = shmbus::Bus::open(bus);
          shmbus::Publisher publisher = own.publisher("load");
          parent.say();
          for (auto next = std::chrono::steady_clock::now();; next += std::chrono::nanoseconds{1s} / rate) {
            std::this_thread::sleep_until(next);
            publisher.publish("event");
          }
        }} {
    reader.hear();
    writer.hear();
  }

  ForkedProcess reader;
  ForkedProcess writer;
};

/// A topic with a journal, a durable subscription and a group: what the dashboard shows beside the load.
struct JournaledTopic {
  explicit JournaledTopic(const std::string& name) : bus{shmbus::Bus::open(name)} {}

  shmbus::Bus bus;
  shmbus::Publisher publisher = bus.publisher("recorded", {.blocks = 4, .journal = shmbus::Journal::page_cache()});
  shmbus::Subscriber durable = bus.subscriber("recorded", {.durable = "audit"});
  shmbus::Group group = bus.group("recorded", "workers");
};

json dashboard() {
  std::ifstream file{SHMBUS_DAEMON_SOURCES "/grafana-dashboard.json"};
  return json::parse(file);
}

/// The expressions of all panels, and the queries of all variables.
std::vector<std::string> expressions() {
  std::vector<std::string> all;
  const json board = dashboard();
  for (const json& panel : board.at("panels")) {
    if (panel.at("type") == "row") continue;
    for (const json& target : panel.at("targets")) all.push_back(target.at("expr"));
  }
  return all;
}

/// The query that Grafana would send with all values of its variables chosen.
std::string with_all_chosen(std::string expression) {
  const auto replace = [&](const char* variable, const char* value) {
    expression = std::regex_replace(expression, std::regex{variable}, value);
  };
  replace(R"(\$bus)", ".*");
  replace(R"(\$topic)", ".*");
  replace(R"(\$__rate_interval)", "5s");
  return expression;
}

/// A running Prometheus with its data in a folder, at a free port.
class Prometheus {
 public:
  Prometheus(const test::TemporaryFolder& folder, const std::string& target)
      : process_{{"/bin/sh", "-c", "exec \"$0\" \"$@\" 2>&1", SHMBUS_PROMETHEUS,
                  "--config.file=" + configuration(folder, target), "--storage.tsdb.path=" + folder.file("data"),
                  "--web.listen-address=127.0.0.1:0", "--log.level=info"}} {
    process_.wait_for_output("Server is ready");
    process_.wait_for_output("\"Listening on\" address=");
    static const std::regex place{"\"Listening on\" address=127\\.0\\.0\\.1:([0-9]+)"};
    std::smatch match;
    if (!std::regex_search(process_.out(), match, place)) throw std::runtime_error("no port in:\n" + process_.out());
    address_ = "http://127.0.0.1:" + match[1].str();
  }

  /// The result of an instant query. Throws if it is an error.
  json query(const std::string& expression) const {
    const test::HttpAnswer answer = test::http_get(address_, "/api/v1/query?query=" + test::url_encoded(expression));
    const json reply = json::parse(answer.body);
    if (reply.at("status") != "success") throw std::runtime_error(expression + ": " + answer.body);
    return reply.at("data").at("result");
  }
  /// The value of the only series, or NaN if there is none yet.
  double value(const std::string& expression) const {
    const json result = query(expression);
    if (result.empty()) return std::nan("");
    return std::stod(result.at(0).at("value").at(1).get<std::string>());
  }

  End stop() {
    process_.kill(SIGTERM);
    return process_.wait();
  }

 private:
  static std::string configuration(const test::TemporaryFolder& folder, const std::string& target) {
    const std::string host = target.substr(std::string{"http://"}.size());
    return folder.write("prometheus.yml",
                        "global:\n  scrape_interval: 250ms\n  scrape_timeout: 250ms\nscrape_configs:\n"
                        "  - job_name: shmbus\n    static_configs:\n      - targets: ['" +
                            host.substr(0, host.find('/')) + "']\n");
  }

  ChildProcess process_;
  std::string address_;
};

}  // namespace

TEST_CASE("a real Prometheus fetches from shmbusd, and PromQL over it gives the known rate", "[shmbusd][serial]") {
  if (!std::filesystem::exists(SHMBUS_PROMETHEUS)) {
    test::skip("prometheus (tests/run fetches it)");
    return;
  }
  const test::TemporaryJournals journals;
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  settings.write(bus.name());
  const KnownLoad load{bus.name()};
  const JournaledTopic journaled{bus.name()};
  DaemonProcess daemon{settings.file()};
  daemon.wait_for_metrics("shmbus_subscriber_delivery_latency_seconds_count");
  Prometheus prometheus{settings.folder, daemon.address()};
  const std::string labels = "{bus=\"" + bus.name() + "\",topic=\"load\"}";
  test::wait_until("a dozen fetches", [&] {
    std::this_thread::sleep_for(100ms);
    return prometheus.value("count_over_time(shmbus_topic_events_total" + labels + "[1m])") >= 12;
  });
  CHECK(prometheus.value("min_over_time(up{job=\"shmbus\"}[1m])") == 1);
  // If the machine delayed the publisher for a while, a later window has the rate.
  for (const char* counter :
       {"shmbus_topic_events_total", "shmbus_publisher_events_total", "shmbus_subscriber_delivered_events_total"}) {
    test::wait_until("the known rate of " + std::string{counter}, [&] {
      std::this_thread::sleep_for(100ms);
      const double rate = prometheus.value("rate(" + std::string{counter} + labels + "[3s])");
      return rate > 0.9 * KnownLoad::rate && rate < 1.1 * KnownLoad::rate;
    });
  }
  const double p50 = prometheus.value(
      "histogram_quantile(0.5, sum by (le) (rate("
      "shmbus_subscriber_delivery_latency_seconds_bucket" +
      labels + "[3s])))");
  CHECK(p50 > 0);
  CHECK(p50 < 10);
  CHECK(prometheus.value("shmbus_subscriber_lost_events_total" + labels) == 0);
  for (const std::string& expression : expressions()) {
    CAPTURE(expression);
    json result;
    CHECK_NOTHROW(result = prometheus.query(with_all_chosen(expression)));
    // Nobody gates here, and no journal holds publishers back: only these queries find nothing.
    const bool holds = expression.find("> 0") != std::string::npos || expression.find("_holding") != std::string::npos;
    CHECK(result.empty() == holds);
  }
  CHECK(prometheus.stop() == End{});
  CHECK(daemon.stop() == End{});
}

TEST_CASE("the dashboard asks for metrics that shmbusd serves, and shows the most important ones", "[shmbusd]") {
  const test::TemporaryJournals journals;
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  settings.write(bus.name());
  const KnownLoad load{bus.name()};
  const JournaledTopic journaled{bus.name()};
  DaemonProcess daemon{settings.file()};
  daemon.wait_for_metrics("shmbus_subscriber_delivery_latency_seconds_bucket");
  std::set<std::string> served;
  const std::string metrics = daemon.metrics();
  static const std::regex series{"\n(shmbusd?_\\w+)"};
  for (std::sregex_iterator i{metrics.begin(), metrics.end(), series}; i != std::sregex_iterator{}; ++i)
    served.insert((*i)[1]);

  std::string asked;
  for (const std::string& expression : expressions()) asked += expression + "\n";
  const json board = dashboard();  // a loop over a part of it would not keep it alive
  for (const json& variable : board.at("templating").at("list")) {
    if (variable.at("type") == "query") asked += variable.at("definition").get<std::string>() + "\n";
  }
  static const std::regex name{"\\bshmbus\\w*"};
  std::set<std::string> names;
  for (std::sregex_iterator i{asked.begin(), asked.end(), name}; i != std::sregex_iterator{}; ++i)
    names.insert((*i)[0]);
  CHECK(names.size() > 20);
  for (const std::string& one : names) {
    CAPTURE(one);
    CHECK(served.count(one) == 1);
  }
  for (const char* shown :
       {"shmbus_topic_events_total", "shmbus_subscriber_lag_events", "shmbus_subscriber_lag_seconds",
        "shmbus_subscriber_lost_events_total", "shmbus_subscriber_delivery_latency_seconds_bucket",
        "shmbus_subscriber_gating", "shmbus_shm_free_bytes", "shmbus_nodes"}) {
    CAPTURE(shown);
    CHECK(names.count(shown) == 1);
  }
  // Of journals it shows all there is; of groups, almost.
  const std::set<std::string> not_shown{"shmbus_group_readable", "shmbus_group_acknowledged_total"};
  for (const std::string& one : served) {
    if (!one.starts_with("shmbus_journal_") && !one.starts_with("shmbus_group_")) continue;
    if (not_shown.count(one) != 0) continue;
    CAPTURE(one);
    CHECK(names.count(one) == 1);
  }
  CHECK(daemon.stop() == End{});
}

TEST_CASE("the dashboard's panels do not overlap, and each has its own number", "[shmbusd]") {
  std::set<int> ids;
  std::set<std::pair<int, int>> taken;
  const json board = dashboard();
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
