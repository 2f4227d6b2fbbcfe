// tools/shmbus-bench: each measurement gives plausible figures, and none leaves anything behind.

#include <catch2/catch.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "support/child_process.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_folder.hpp"

using namespace std::chrono_literals;
using nlohmann::json;
using test::ChildProcess;
using test::End;

namespace {

constexpr End failure{.status = 1};
constexpr End usage{.status = 2};

/// The files of a running program's bus, whose name holds its pid. Tests must leave them alone.
std::vector<std::string> segments_of(const ChildProcess& bench) {
  const std::string prefix = "shmbus.bench-" + std::to_string(bench.pid()) + ".";
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator("/dev/shm")) {
    const std::string name = file.path().filename().string();
    if (name.starts_with(prefix)) names.push_back(name);
  }
  return names;
}

std::vector<std::string> command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), SHMBUS_BENCH);
  return arguments;
}

/// The JSON document of a quick run.
json document_of(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--quick", "--json"});
  ChildProcess bench{command(std::move(arguments))};
  const End end = bench.wait();
  INFO(bench.err());
  REQUIRE(end == End{});
  CHECK(bench.err() == "");
  CHECK(segments_of(bench).empty());
  return json::parse(bench.out());
}

const json& series(const json& document, const std::string& name) {
  for (const json& one : document.at("series")) {
    if (one.at("name") == name) return one;
  }
  throw std::runtime_error("no series " + name);
}

void check_rounds(const json& rounds, std::size_t count) {
  CHECK(rounds.at("values").size() == count);
  CHECK(rounds.at("min") <= rounds.at("median"));
  CHECK(rounds.at("median") <= rounds.at("max"));
  CHECK(rounds.at("spread").is_number());
  CHECK(rounds.at("noisy").is_boolean());
}

void check_distribution(const json& told) {
  CHECK(told.at("count") > 0);
  CHECK(told.at("max") > 0);
  double before = 0;
  for (const char* key : {"min", "p50", "p90", "p99", "p99_9", "p99_99", "max"}) {
    CAPTURE(key);
    const auto value = told.at(key).get<double>();
    CHECK(value >= before);
    before = value;
  }
  CHECK(told.at("mean") <= told.at("max"));
}

/// Checks the parts that all documents have in common.
void check_document(const json& document, const std::string& measure) {
  CHECK(document.at("program") == "shmbus-bench");
  CHECK(document.at("measure") == measure);
  CHECK(document.at("passed") == true);
  for (const char* key : {"cpu", "kernel", "governor", "clock_source", "architecture"})
    CHECK(document.at("machine").at(key).get<std::string>() != "");
  for (const char* key : {"cores", "allowed", "memory", "shm_bytes"}) CHECK(document.at("machine").at(key) > 0);
  CHECK(document.at("settings").at("quick") == true);
  CHECK(document.at("options").is_object());
  REQUIRE(!document.at("series").empty());
  for (const json& one : document.at("series")) {
    CAPTURE(one.at("name").get<std::string>());
    if (one.contains("distribution")) check_distribution(one.at("distribution"));
    for (const char* key : {"p50", "p99", "p50_ratio", "each", "reads", "rate_ratio", "events_per_second"}) {
      CAPTURE(key);
      if (one.contains(key) && one.at(key).is_object()) check_rounds(one.at(key), document.at("settings").at("rounds"));
    }
  }
}

/// The processes that the program has forked; empty when they are gone.
std::vector<pid_t> roles_of(const ChildProcess& bench) {
  const std::string pid = std::to_string(bench.pid());
  std::ifstream file("/proc/" + pid + "/task/" + pid + "/children");
  std::vector<pid_t> roles;
  for (pid_t role = 0; file >> role;) roles.push_back(role);
  return roles;
}

/// Waits until the measurement is under way: the bus has a topic, and as many processes work as expected.
void wait_until_measuring(const ChildProcess& bench, std::size_t roles) {
  test::wait_until("the measurement to begin",
                   [&] { return segments_of(bench).size() >= 3 && roles_of(bench).size() == roles; });
}

void check_refused(std::vector<std::string> arguments, const std::string& named) {
  CAPTURE(named);
  ChildProcess bench{command(std::move(arguments))};
  CHECK(bench.wait() == usage);
  CHECK(bench.out() == "");
  CHECK_THAT(bench.err(), Catch::StartsWith("shmbus-bench: ") && Catch::EndsWith("\n") && Catch::Contains(named));
  CHECK(segments_of(bench).empty());
}

}  // namespace

TEST_CASE("latency gives one-way times and their ratio to the floor", "[bench]") {
  const json document = document_of({"latency", "--stamps", "both", "--wait", "poll,sleep"});
  check_document(document, "latency");
  CHECK(document.at("series").size() == 1 + 2 * 2 * 2);
  CHECK(series(document, "floor").at("p50_ratio").at("median") == 1);
  const json& sleeping = series(document, "shared, stamped, sleep");
  CHECK(sleeping.at("writers") == "shared");
  CHECK(sleeping.at("timestamps") == true);
  CHECK(sleeping.at("wait") == "sleep");
  CHECK(sleeping.at("p50_ratio").at("median") > 0);
  CHECK(sleeping.at("p99_ratio").at("median") > 0);
}

TEST_CASE("throughput gives events and bytes per second", "[bench]") {
  const json document = document_of({"throughput", "--sizes", "64,1K", "--touch", "all"});
  check_document(document, "throughput");
  CHECK(document.at("series").size() == 4);
  const json& one = series(document, "1 KiB, exclusive");
  CHECK(one.at("size") == 1024);
  CHECK(one.at("events") > 0);
  CHECK(one.at("lost") == 0);
  CHECK(one.at("events_per_second").at("median") > 0);
  CHECK(one.at("bytes_per_second").get<double>() ==
        Approx(1024 * one.at("events_per_second").at("median").get<double>()));
}

TEST_CASE("throughput compares publish_all with single publishes", "[bench]") {
  const json document = document_of({"throughput", "--publish-all", "16"});
  check_document(document, "throughput");
  CHECK(document.at("options").at("publish_all") == 16);
  CHECK(document.at("series").size() == 4 + 3);
  const json& one = series(document, "64 B, shared, 16 at once");
  CHECK(one.at("publish_all") == 16);
  CHECK(one.at("events") > 0);
  CHECK(one.at("lost") == 0);
  const auto rate = [&](const char* name) {
    return series(document, name).at("events_per_second").at("median").get<double>();
  };
  for (const char* by : {"64 B, shared", "64 B, exclusive"}) {
    const double ratio = rate("64 B, shared, 16 at once") / rate(by);
    CHECK(series(document, std::string("64 B, shared, 16 at once / ") + by).at("ratio").get<double>() == Approx(ratio));
  }
}

TEST_CASE("fanout counts every event at every reader", "[bench]") {
  const json document = document_of({"fanout", "--readers", "1,3", "--publishers", "2"});
  check_document(document, "fanout");
  CHECK(document.at("series").size() == 3);
  const json& one = series(document, "1 to 3");
  CHECK(one.at("sent") > 0);
  CHECK(one.at("events").get<std::uint64_t>() == 3 * one.at("sent").get<std::uint64_t>());
  CHECK(series(document, "2 to 1").at("events_per_second").at("median") > 0);
}

TEST_CASE("payload gives time and rate of copied and loaned events", "[bench]") {
  for (const char* touch : {"all", "ends"}) {
    const json document = document_of({"payload", "--sizes", "64,64K", "--block-size", "256K", "--touch", touch});
    check_document(document, "payload");
    CHECK(document.at("series").size() == 2 * 2 * 2);
    CHECK(series(document, "64 KiB, loaned").at("size") == 65'536);
    std::size_t rates = 0;
    for (const json& one : document.at("series")) {
      if (one.at("kind") != "rate") continue;
      ++rates;
      CHECK(one.at("bytes_per_second").at("median") > 0);
    }
    CHECK(rates == 4);
  }
}

TEST_CASE("publish gives the cost of time stamps and of a lapped reader", "[bench]") {
  const json document = document_of({"publish"});
  check_document(document, "publish");
  CHECK(series(document, "counter").at("each").at("median") > 0);
  check_rounds(series(document, "exclusive, stamped").at("stamp_adds_reads"), 2);
  CHECK(series(document, "shared, lapped reader").at("rate_ratio").at("median") > 0);
  CHECK(series(document, "lapped reader").at("seen") > 0);
}

TEST_CASE("wakeup is compared to a futex", "[bench]") {
  const json document = document_of({"wakeup"});
  check_document(document, "wakeup");
  CHECK(series(document, "futex").at("p50_ratio").at("median") == 1);
  CHECK(series(document, "shared").at("p50_ratio").at("median") > 0);
}

TEST_CASE("dispatch compares handlers of subscriptions with poll, paced and at full speed", "[bench]") {
  const json document = document_of({"dispatch", "--workers", "1,2", "--rate", "20000"});
  check_document(document, "dispatch");
  for (const std::string kind : {"poll", "subscribe, 1 worker", "subscribe, 2 workers"}) {
    CAPTURE(kind);
    const json& paced = series(document, "paced, " + kind);
    for (const char* key : {"p50", "p99", "p50_ratio", "p99_ratio"}) CHECK(paced.at(key).at("median") > 0);
    const json& flow = series(document, "full speed, " + kind);
    CHECK(flow.at("events") > 0);
    CHECK(flow.at("rate_ratio").at("median") > 0);
  }
}

TEST_CASE("attach gives the time of each step", "[bench]") {
  const json document = document_of({"attach", "--topics", "5"});
  check_document(document, "attach");
  for (const char* name : {"together", "node", "publisher", "subscriber", "subscriber of all"})
    CHECK(series(document, name).at("distribution").at("p50") > 0);
}

TEST_CASE("idle gives what each service uses", "[bench]") {
  const json document = document_of({"idle", "--services", "2"});
  check_document(document, "idle");
  CHECK(document.at("series").size() == 3);
  const json& one = series(document, "service 1, wait");
  CHECK(one.at("threads") >= 1);
  for (const char* key : {"ticks", "cpu_ns", "voluntary_switches", "most_voluntary_switches_of_a_thread"})
    CHECK(one.at(key) >= 0);
}

TEST_CASE("soak accounts for every event", "[bench]") {
  const json document = document_of({"soak", "--rate", "20000"});
  check_document(document, "soak");
  const json& account = series(document, "account");
  const auto published = account.at("published").get<std::uint64_t>();
  CHECK(published > 0);
  CHECK(account.at("seen").get<std::uint64_t>() + account.at("lost").get<std::uint64_t>() == 2 * published);
  CHECK(account.at("shm") > 0);
}

TEST_CASE("without --json a measurement is a table below a description of the machine", "[bench]") {
  ChildProcess bench{command({"throughput", "--quick", "--no-pin"})};
  CHECK(bench.wait() == End{});
  for (const char* part : {"machine ", "kernel ", "governor", "clock source", "/dev/shm", "not asked for", "events/s",
                           "64 B, exclusive", "64 B, shared"})
    CHECK_THAT(bench.out(), Catch::Contains(part));
}

TEST_CASE("a plot has a line for each series", "[bench]") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("plot.svg");
  ChildProcess bench{command({"latency", "--quick", "--wait", "poll", "--plot", path})};
  CHECK(bench.wait() == End{});
  std::stringstream svg;
  svg << std::ifstream(path).rdbuf();
  CHECK_THAT(svg.str(), Catch::StartsWith("<svg ") && Catch::EndsWith("</svg>\n"));
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = svg.str().find("<polyline", at)) != std::string::npos; ++at) ++lines;
  CHECK(lines == 3);
}

TEST_CASE("a signal ends a measurement with the signal's status, and nothing is left", "[bench]") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    CAPTURE(signal);
    ChildProcess bench{command({"latency", "--round-ms", "60000"})};
    wait_until_measuring(bench, 2);
    const std::vector<pid_t> roles = roles_of(bench);
    bench.kill(signal);
    CHECK(bench.wait() == End{.signal = signal});
    CHECK(bench.err() == "");
    CHECK(segments_of(bench).empty());
    for (const pid_t role : roles) CHECK(::kill(role, 0) != 0);
  }
}

TEST_CASE("Ctrl-C ends a measurement on a terminal, and nothing is left", "[bench]") {
  ChildProcess bench{command({"soak"}), ChildProcess::Streams::terminal};
  wait_until_measuring(bench, 4);
  bench.wait_for_output("soak [");  // the progress bar
  bench.write("\x03");
  CHECK(bench.wait() == End{.signal = SIGINT});
  CHECK(segments_of(bench).empty());
}

TEST_CASE("a process that dies makes the measurement fail, and is named", "[bench]") {
  ChildProcess bench{command({"throughput", "--round-ms", "60000"})};
  wait_until_measuring(bench, 2);
  ::kill(roles_of(bench).front(), SIGKILL);
  CHECK(bench.wait() == failure);
  CHECK_THAT(bench.err(), Catch::Contains("sender 0: ended by signal 9"));
  CHECK(segments_of(bench).empty());
}

TEST_CASE("the watchdog finds a process that stops", "[bench]") {
  ChildProcess bench{command({"wakeup", "--round-ms", "60000", "--patience", "1"})};
  wait_until_measuring(bench, 2);
  ::kill(roles_of(bench).front(), SIGSTOP);
  CHECK(bench.wait() == failure);
  CHECK_THAT(bench.err(), Catch::Contains("watchdog") && Catch::Contains("--patience"));
  CHECK(segments_of(bench).empty());
}

TEST_CASE("wrong arguments of the benchmark are named, and the exit status is 2", "[bench]") {
  check_refused({}, "latency");
  check_refused({"speed"}, "speed");
  check_refused({"latency", "--wrong"}, "--wrong");
  check_refused({"latency", "--wait", "hard"}, "hard");
  check_refused({"latency", "--rounds", "0"}, "--rounds");
  check_refused({"latency", "--rounds", "-1"}, "-1");
  check_refused({"latency", "--cores", "99999"}, "99999");
  check_refused({"latency", "--cores", "0,0"}, "core 0");
  check_refused({"throughput", "--sizes", "4"}, "4");
  check_refused({"throughput", "--sizes", "big"}, "big");
  check_refused({"throughput", "--plot", "/tmp/plot.svg"}, "--plot");
  check_refused({"throughput", "--block-size", "5000"}, "block");
  check_refused({"payload", "--sizes", "1M", "--block-size", "1M"}, "--block-size");
  check_refused({"fanout", "--readers", "65"}, "65");
  check_refused({"attach", "--topics", "0"}, "--topics");
  check_refused({"idle", "--seconds", "soon"}, "soon");
  check_refused({"soak", "--rate", "fast"}, "fast");
  check_refused({"publish", "--writers", "many"}, "many");
}

TEST_CASE("a payload larger than a block is refused before anything is measured", "[bench]") {
  check_refused({"latency", "--size", "1M"}, "--block-size");
  check_refused({"throughput", "--sizes", "1M"}, "--block-size");
}

TEST_CASE("help says how each figure is measured", "[bench]") {
  for (const char* measure :
       {"latency", "throughput", "fanout", "payload", "publish", "wakeup", "attach", "idle", "soak"}) {
    CAPTURE(measure);
    ChildProcess bench{command({measure, "--help"})};
    CHECK(bench.wait() == End{});
    CHECK_THAT(bench.out(), Catch::Contains("How it is measured"));
  }
}
