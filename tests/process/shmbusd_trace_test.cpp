// shmbusd sends selected traces to a collector: what arrives, also after the collector was away, and how it ends.

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "shmbusd_fixture.hpp"
#include "support/forked_process.hpp"
#include "support/http_receiver.hpp"
#include "support/otlp_reader.hpp"

using namespace std::chrono_literals;
using test::DaemonProcess;
using test::DaemonSettings;
using test::End;
using test::ForkedProcess;
using test::HttpReceiver;
using test::OtlpSpan;
using test::Parent;

namespace {

/// The table [trace] for this receiver; everything is selected unless `rules` say otherwise. No healthy service leaves an
/// event lying for as long as `settle`.
std::string table(const std::string& url, const std::string& rules = "sample = 1") {
  return "[trace]\nendpoint = '" + url + "/v1/traces'\nsettle = '2s'\ninterval = '50ms'\n" + rules;
}

/// A service that handles `from`, and publishes an event of `to` for each: the number that it got. It throws at
/// numbers that divide by ten, and ends when its parent says so.
ForkedProcess start_service(const std::string& bus, const std::string& from, const std::string& to) {
  ForkedProcess service{[=](const Parent& parent) {
    shmbus::Bus own = shmbus::Bus::open(bus);
    shmbus::Publisher publisher = own.publisher(to);
    const auto subscription = own.subscribe(from, [&](const shmbus::Event& event) {
      publisher.publish(event.text());
      if (event.text().ends_with("0")) throw std::runtime_error("bad number " + std::string{event.text()});
    });
    parent.say();
    parent.hear();
  }};
  service.hear();
  return service;
}

/// Two services in a row: "a" -> "b" -> "c".
struct Services {
  explicit Services(const std::string& bus)
      : first(start_service(bus, "a", "b")),
        second(start_service(bus, "b", "c")),
        own(shmbus::Bus::open(bus)),
        a(own.publisher("a")) {}
  void publish(int from, int to) {
    for (int i = from; i <= to; ++i) {
      a.publish(std::to_string(i));
      if (i % 50 == 0) std::this_thread::sleep_for(1ms);
    }
  }
  ForkedProcess first, second;
  shmbus::Bus own;
  shmbus::Publisher a;
};

/// All that the receiver took, by trace. The strict reader has checked each request.
std::map<std::string, std::vector<OtlpSpan>> traces_of(const HttpReceiver& receiver) {
  std::map<std::string, std::vector<OtlpSpan>> traces;
  for (const auto& request : receiver.requests()) {
    CHECK(request.method == "POST");
    CHECK(request.target == "/v1/traces");
    CHECK(request.type == "application/json");
    for (OtlpSpan& span : test::read_otlp(request.body)) traces[span.trace].push_back(std::move(span));
  }
  return traces;
}

std::set<std::string> names_of(const std::vector<OtlpSpan>& spans) {
  std::set<std::string> names;
  for (const OtlpSpan& span : spans) names.insert(span.name);
  return names;
}

/// Each trace is whole: three events and two calls, each but the first with its parent among them.
void check_whole(const std::map<std::string, std::vector<OtlpSpan>>& traces) {
  for (const auto& [id, spans] : traces) {
    CAPTURE(id);
    CHECK(names_of(spans) == std::set<std::string>{"publish a", "process a", "publish b", "process b", "publish c"});
    CHECK(spans.size() == 5);
    CHECK(test::absent_parents(spans).empty());
    CHECK(std::count_if(spans.begin(), spans.end(), [](const OtlpSpan& s) { return s.parent.empty(); }) == 1);
  }
}

std::string value(const std::string& name, std::uint64_t number) { return "\n" + name + " " + std::to_string(number) + "\n"; }

}  // namespace

TEST_CASE("traces through two services arrive at a collector that was away at first, whole and each once", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  const unsigned short port = HttpReceiver::free_port();
  settings.write(bus.name(), "", table("http://127.0.0.1:" + std::to_string(port)));
  Services services{bus.name()};
  DaemonProcess daemon{settings.file()};
  daemon.wait_for_metrics("shmbusd_trace_events_total{bus=\"" + bus.name() + "\"} 0");
  services.publish(1, 200);
  daemon.wait_for_metrics(value("shmbusd_trace_settled_traces_total", 200));
  test::wait_until("a request that fails", [&] {
    return daemon.metrics().find(value("shmbusd_trace_failed_requests_total", 0)) == std::string::npos;
  });
  CHECK_THAT(daemon.metrics(), Catch::Contains(value("shmbusd_trace_exported_traces_total", 0)));
  CHECK(test::http_get(daemon.address(), "/health").status == 200);
  const HttpReceiver receiver{port};
  services.publish(201, 300);
  daemon.wait_for_metrics(value("shmbusd_trace_exported_traces_total", 300));
  const auto traces = traces_of(receiver);
  CHECK(traces.size() == 300);
  check_whole(traces);
  int errors = 0;
  for (const auto& [id, spans] : traces) {
    for (const OtlpSpan& span : spans) {
      if (span.status != 2) continue;
      ++errors;
      CHECK_THAT(span.message, Catch::StartsWith("bad number "));
    }
  }
  CHECK(errors == 60);  // in both services
  const std::string metrics = daemon.metrics();
  CHECK_THAT(metrics, Catch::Contains("\nshmbusd_trace_selected_traces_total{reason=\"failed\"} 30\n") &&
                          Catch::Contains(value("shmbusd_trace_exported_spans_total", 1500)) &&
                          Catch::Contains("\nshmbusd_trace_dropped_traces_total{reason=\"queue_full\"} 0\n") &&
                          Catch::Contains("\nshmbusd_trace_lost_events_total{bus=\"" + bus.name() + "\"} 0\n") &&
                          Catch::Contains("\nshmbusd_trace_missed_calls_total{bus=\"" + bus.name() + "\"} 0\n") &&
                          Catch::Contains("\nshmbusd_trace_last_success_timestamp_seconds "));
  CHECK_THAT(test::http_get(daemon.address(), "/").body, Catch::Contains("300 sent"));
  CHECK(daemon.stop() == End{});
}

TEST_CASE("only failed traces are sent where nothing else is asked for, and a dead process's call is one", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  const HttpReceiver receiver;
  settings.write(bus.name(), "", table(receiver.url(), "sample = 0\nslower_than = '0s'"));
  Services services{bus.name()};
  ForkedProcess victim{[&](const Parent& parent) {
    shmbus::Bus own = shmbus::Bus::open(bus.name());
    const auto subscription = own.subscribe("deadly", [&](const shmbus::Event&) {
      parent.say();
      std::this_thread::sleep_for(1h);
    });
    parent.say();
    parent.hear();
  }};
  victim.hear();
  const std::string victims_pid = std::to_string(victim.pid());
  DaemonProcess daemon{settings.file()};
  daemon.wait_for_metrics("shmbusd_trace_events_total{bus=\"" + bus.name() + "\"} 0");
  services.publish(1, 40);
  services.own.publisher("deadly").publish("x");
  victim.hear();
  daemon.wait_for_metrics(value("shmbusd_trace_settled_traces_total", 40));
  daemon.wait_for_metrics(value("shmbusd_trace_exported_traces_total", 4));
  victim.kill();
  daemon.wait_for_metrics(value("shmbusd_trace_exported_traces_total", 5));
  auto traces = traces_of(receiver);
  CHECK(traces.size() == 5);
  std::size_t died = 0;
  std::erase_if(traces, [&](const auto& trace) {
    const auto deadly = std::find_if(trace.second.begin(), trace.second.end(),
                                     [](const OtlpSpan& span) { return span.name == "process deadly"; });
    if (deadly == trace.second.end()) return false;
    ++died;
    CHECK_THAT(deadly->message, Catch::Contains("(pid " + victims_pid + ") died"));
    return true;
  });
  CHECK(died == 1);
  check_whole(traces);
  CHECK(daemon.stop() == End{});
}

TEST_CASE("a trace from outside is sent for its flag, with its id and the parent that it names", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  const HttpReceiver receiver;
  settings.write(bus.name(), "", table(receiver.url(), "sample = 0\nslower_than = '0s'"));
  Services services{bus.name()};
  DaemonProcess daemon{settings.file()};
  daemon.wait_for_metrics("shmbusd_trace_events_total{bus=\"" + bus.name() + "\"} 0");
  const char* sampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const char* unsampled = "00-0af7651916cd43dd8448eb211c80319d-b7ad6b7169203331-00";
  services.a.publish("1", {.trace = shmbus::TraceContext::parse(sampled)});
  services.a.publish("2", {.trace = shmbus::TraceContext::parse(unsampled)});
  services.publish(3, 3);
  daemon.wait_for_metrics(value("shmbusd_trace_settled_traces_total", 3));
  daemon.wait_for_metrics(value("shmbusd_trace_exported_traces_total", 1));
  const auto traces = traces_of(receiver);
  REQUIRE(traces.size() == 1);
  const auto& [id, spans] = *traces.begin();
  CHECK(id == "0af7651916cd43dd8448eb211c80319c");
  CHECK(spans.size() == 5);
  CHECK(test::absent_parents(spans) == std::vector<std::string>{id + "/b7ad6b7169203331"});
  CHECK(daemon.stop() == End{});
}

TEST_CASE("no trace is lost to a collector that answers 503, hangs, or answers what is no HTTP", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  HttpReceiver receiver;
  settings.write(bus.name(), "", table(receiver.url(), "sample = 1\ntimeout = '300ms'"));
  Services services{bus.name()};
  receiver.answer_with(503, "busy", "1");
  DaemonProcess daemon{settings.file()};
  daemon.wait_for_metrics("shmbusd_trace_events_total{bus=\"" + bus.name() + "\"} 0");
  const auto wait_for_request = [&] {
    const std::size_t before = receiver.requests().size();
    test::wait_until("a request", [&] { return receiver.requests().size() > before; });
  };
  services.publish(1, 100);
  wait_for_request();
  CHECK(test::http_get(daemon.address(), "/health").status == 200);
  receiver.stop_answering();
  services.publish(101, 200);
  wait_for_request();
  receiver.answer_with_bytes("no answer of HTTP\r\n\r\n");
  services.publish(201, 300);
  wait_for_request();
  daemon.wait_for_metrics(value("shmbusd_trace_settled_traces_total", 300));
  CHECK_THAT(daemon.metrics(), Catch::Contains(value("shmbusd_trace_exported_traces_total", 0)));
  receiver.answer_with(200, "{}");
  daemon.wait_for_metrics(value("shmbusd_trace_exported_traces_total", 300));
  CHECK_THAT(daemon.metrics(), Catch::Contains(value("shmbusd_trace_queued_requests", 0)) &&
                                   Catch::Contains("\nshmbusd_trace_dropped_traces_total{reason=\"refused\"} 0\n"));
  std::set<std::string> ids;  // a request that was answered too late may have come twice
  for (const auto& [id, spans] : traces_of(receiver)) ids.insert(id);
  CHECK(ids.size() == 300);
  CHECK(daemon.stop() == End{});
}

TEST_CASE("a request that the collector refuses is dropped, logged in its words, and the next one follows", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  HttpReceiver receiver;
  settings.write(bus.name(), "", table(receiver.url()));
  Services services{bus.name()};
  receiver.answer_with(400, R"({"message":"I do not like \u001b[31mit"})");
  DaemonProcess daemon{settings.file()};
  daemon.wait_for_metrics("shmbusd_trace_events_total{bus=\"" + bus.name() + "\"} 0");
  services.publish(1, 1);
  daemon.wait_for("refused a request of 5 spans, which is dropped: 400 Bad Request: I do not like \\x1b[31mit");
  CHECK_THAT(daemon.metrics(), Catch::Contains("\nshmbusd_trace_dropped_spans_total{reason=\"refused\"} 5\n"));
  receiver.answer_with(200, R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}})");
  services.publish(2, 2);
  daemon.wait_for("took a request of 5 spans, but: it rejected 2 spans: too old");
  daemon.wait_for_metrics(value("shmbusd_trace_rejected_spans_total", 2));
  CHECK(daemon.stop() == End{});
}

TEST_CASE("shmbusd ends at once while the collector is away, and says what it could not send", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  HttpReceiver hangs;
  hangs.stop_answering();
  const bool refuses = GENERATE(true, false);
  const std::string url = refuses ? "http://127.0.0.1:" + std::to_string(HttpReceiver::free_port()) : hangs.url();
  settings.write(bus.name(), "", table(url, "sample = 1\ntimeout = '1m'"));
  Services services{bus.name()};
  DaemonProcess daemon{settings.file()};
  daemon.wait_for_metrics("shmbusd_trace_events_total{bus=\"" + bus.name() + "\"} 0");
  services.publish(1, 10);
  daemon.wait_for_metrics(value("shmbusd_trace_settled_traces_total", 10));
  test::wait_until("a request", [&] {
    return daemon.metrics().find(value("shmbusd_trace_requests_total", 0)) == std::string::npos;
  });
  services.publish(11, 13);  // not settled yet, mostly
  CHECK(daemon.stop() == End{});  // a request may take a minute: its watchdog would notice
  CHECK_THAT(daemon.log(), Catch::Contains(" traces selected for " + url) && Catch::Contains("could not be sent before the end"));
}

TEST_CASE("what is selected is sent before the end, also what was not settled", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  const HttpReceiver receiver;
  settings.write(bus.name(), "", "[trace]\nendpoint = '" + receiver.url() + "'\nsettle = '10m'\ninterval = '50ms'\nsample = 1");
  Services services{bus.name()};
  DaemonProcess daemon{settings.file()};
  daemon.wait_for_metrics("shmbusd_trace_events_total{bus=\"" + bus.name() + "\"} 0");
  services.publish(1, 20);
  daemon.wait_for_metrics("shmbusd_trace_events_total{bus=\"" + bus.name() + "\"} 60");
  test::wait_until("the handlers", [&] {
    const auto recorders = shmbus::Inspector{bus.name()}.recorders();
    return std::all_of(recorders.begin(), recorders.end(), [](const auto& recorder) {
      return recorder.calls.size() == 20 && recorder.calls.back().outcome != shmbus::CallOutcome::running;
    });
  });
  CHECK(receiver.requests().empty());
  CHECK(daemon.stop() == End{});
  CHECK(traces_of(receiver).size() == 20);
}

TEST_CASE("reading the configuration again begins the export, sends it elsewhere, and ends it", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  const HttpReceiver first, second;
  settings.write(bus.name());
  Services services{bus.name()};
  DaemonProcess daemon{settings.file()};
  CHECK_THAT(daemon.metrics(), !Catch::Contains("shmbusd_trace_"));
  const auto reread = [&](const std::string& tables, std::size_t times) {
    settings.write(bus.name(), "", tables);
    daemon.process().kill(SIGHUP);
    daemon.wait_for("shmbusd.toml again", times);
  };
  reread(table(first.url()), 1);
  daemon.wait_for_metrics("shmbusd_trace_events_total{bus=\"" + bus.name() + "\"} 0");
  services.publish(1, 1);
  daemon.wait_for_metrics(value("shmbusd_trace_exported_traces_total", 1));
  reread(table(second.url()), 2);
  services.publish(2, 2);
  daemon.wait_for_metrics(value("shmbusd_trace_exported_traces_total", 2));
  reread("", 3);
  CHECK_THAT(daemon.metrics(), !Catch::Contains("shmbusd_trace_"));
  services.publish(3, 3);
  CHECK(traces_of(first).size() == 1);
  CHECK(traces_of(second).size() == 1);
  CHECK(daemon.stop() == End{});
}

TEST_CASE("a bus that is created later is followed from its first event, and one that was removed is let go of", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  const HttpReceiver receiver;
  settings.write(bus.name(), "", table(receiver.url()));
  DaemonProcess daemon{settings.file()};
  daemon.wait_for_metrics(value("shmbusd_trace_settled_traces_total", 0));
  std::uint64_t sent = 0;
  for (int round = 0; round < 2; ++round) {
    {
      shmbus::Bus own = shmbus::Bus::open(bus.name());
      own.publisher("t").publish("x");
      daemon.wait_for_metrics(value("shmbusd_trace_exported_traces_total", ++sent));
    }
    shmbus::Bus::remove(bus.name());
    test::wait_until("the daemon to let go of the bus", [&] {
      return daemon.metrics().find("shmbusd_trace_events_total{bus=\"" + bus.name()) == std::string::npos;
    });
  }
  CHECK(traces_of(receiver).size() == 2);
  CHECK(daemon.stop() == End{});
}

TEST_CASE("publishers faster than the export lose no number, and the daemon stays well", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  const HttpReceiver receiver;
  settings.write(bus.name(), "", table(receiver.url(), "sample = 0\nslower_than = '0s'\nevents = 1000"));
  shmbus::Bus own = shmbus::Bus::open(bus.name());
  shmbus::Publisher publisher = own.publisher("t", {.block_size = 4096, .blocks = 2});
  DaemonProcess daemon{settings.file()};
  const std::string label = "{bus=\"" + bus.name() + "\"} ";
  daemon.wait_for_metrics("shmbusd_trace_events_total" + label + "0");
  const std::uint64_t count = 200'000;
  for (std::uint64_t i = 0; i < count; ++i) publisher.publish("twenty bytes of text");
  const auto number = [&](const std::string& metrics, const std::string& name) {
    const std::size_t at = metrics.find("\n" + name + label);
    return at == std::string::npos ? 0 : std::stoull(metrics.substr(at + 1 + name.size() + label.size()));
  };
  test::wait_until("all events read or counted as lost", [&] {
    const std::string metrics = daemon.metrics();
    return number(metrics, "shmbusd_trace_events_total") + number(metrics, "shmbusd_trace_lost_events_total") == count;
  });
  CHECK(number(daemon.metrics(), "shmbusd_trace_lost_events_total") > 0);
  CHECK(number(daemon.metrics(), "shmbusd_trace_held_events") <= 1000);
  CHECK(test::http_get(daemon.address(), "/health").status == 200);
  CHECK(daemon.stop() == End{});
}
