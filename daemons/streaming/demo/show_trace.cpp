#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include <shmbus/event_reader.hpp>
#include <shmbus/inspector.hpp>

#include "common/events.hpp"
#include "demo/bus_view.hpp"
#include "demo/demonstration.hpp"
#include "demo/failure.hpp"
#include "perfetto.hpp"
#include "trace_set.hpp"
#include "trace_text.hpp"

namespace demo {
namespace {

using namespace std::chrono_literals;
using Outcome = shmbus::CallOutcome;
using shmbus::CallSnapshot;
using shmbus::RecorderSnapshot;
using shmbus::tracing::Trace;

/// How long each service works at an event: so that there is something to see.
struct Work {
  std::string_view service;
  std::chrono::milliseconds time;
};
constexpr std::array<Work, 6> works{{{"user-service", 11ms},
                                     {ml_service, 400ms},
                                     {"analytics-service", 5ms},
                                     {"notification-service", 3ms},
                                     {badge_service, 2ms},
                                     {"ranking-service", 7ms}}};

/// The call of ml-service with that outcome, if there is one.
std::optional<CallSnapshot> ml_call(const std::string& bus, Outcome outcome, bool died) {
  for (const RecorderSnapshot& recorder : shmbus::Inspector(bus).recorders()) {
    if (recorder.name != ml_service || recorder.died != died) continue;
    for (const CallSnapshot& call : recorder.calls) {
      if (call.outcome == outcome) return call;
    }
  }
  return std::nullopt;
}

std::vector<Trace> read_traces(const std::string& bus) {
  shmbus::Inspector inspector(bus);
  shmbus::tracing::TraceSet traces;
  traces.set_bus(inspector.snapshot());
  shmbus::EventReader events = inspector.read(">", shmbus::Start::oldest());
  while (const shmbus::EventSnapshot* event = events.next()) traces.add(*event);
  traces.set_recorders(inspector.recorders());
  return traces.traces();
}

void print(Terminal& terminal, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    terminal.line(fmt::format("   {}", text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void write_perfetto(const std::string& path, const std::vector<Trace>& traces, shmbus::Time now) {
  std::ofstream file(path);
  file << shmbus::tracing::perfetto_document(traces, now).json << std::flush;
  if (!file)
    throw Failure(fmt::format("file '{}': expected to write the trace to it, found that it can't be written", path));
}

bool was_handled_by(const Trace& trace, std::string_view service) {
  return std::any_of(trace.calls.begin(), trace.calls.end(), [&](const auto& call) {
    return call.subscriber == service && call.outcome == Outcome::ok;
  });
}

void check(Checks& checks, const std::vector<Trace>& traces) {
  checks.expect(traces.size() == 1, "trace: the watch and all that followed are one trace");
  if (traces.size() != 1) return;
  const Trace& trace = traces.front();
  checks.expect(std::all_of(reacting_services.begin(), reacting_services.end(),
                            [&](std::string_view service) { return was_handled_by(trace, service); }),
                "trace: all six services handled it, ml-service at the second attempt");
  checks.expect(has_dead_call(trace), "trace: it shows what ml-service was handling when it was killed");
  for (const auto& [service, time] : works) {
    for (const auto& call : trace.calls) {
      if (call.subscriber != service || !call.ended) continue;
      checks.expect(*call.ended - call.began >= time, fmt::format("trace: {} took the time it takes", service));
    }
  }
}

}  // namespace

void show_trace(Demonstration& demonstration) {
  Terminal& terminal = demonstration.terminal;
  terminal.heading("5  One watch, followed through all services; ml-service is killed while it works at it");
  Platform platform = demonstration.platform("trace");
  const auto start = [&](const Work& work) {
    platform.start_reacting(work.service, demonstration.input.movies, {"--work", std::to_string(work.time.count())});
  };
  for (const Work& work : works) start(work);
  BusView view(platform.bus());
  platform.wait_until("all six services to be on the bus", 10s,
                      [&] { return view.subscriptions() >= reacting_services.size(); });
  // The second watch would come after 20 s: until then video-service is there, and the bus can name it.
  std::vector<std::string> arguments = demonstration.input.arguments(demonstration.options, 2);
  arguments.insert(arguments.end(), {"--bus", platform.bus(), "--rate", "0.05"});
  platform.start(video_service, arguments);
  platform.wait_until("ml-service to work at the watch", 10s,
                      [&] { return ml_call(platform.bus(), Outcome::running, false).has_value(); });
  platform.kill(ml_service);
  const auto call = ml_call(platform.bus(), Outcome::running, true);
  if (call) {
    terminal.line(fmt::format("   ml-service was killed. It was handling {} #{}.", terminal.strong(call->topic),
                              call->event.sequence));
  }
  start(works[1]);
  terminal.line("   It is started again, and handles the watch from the beginning.");
  platform.wait_until("ml-service to handle the watch", 10s,
                      [&] { return ml_call(platform.bus(), Outcome::ok, false).has_value(); });
  for (const std::string_view service : reacting_services) {
    platform.wait_until(fmt::format("{} to handle the watch", service), 10s, [&] { return view.has_read(service, 1); });
  }
  terminal.blank();
  const std::vector<Trace> traces = read_traces(platform.bus());
  const shmbus::Time now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  for (const Trace& trace : traces) print(terminal, trace_text(trace, {.utf8 = shmbus::tracing::locale_is_utf8(), .now = now}));
  if (!demonstration.options.perfetto.empty()) {
    write_perfetto(demonstration.options.perfetto, traces, now);
    terminal.line(fmt::format("   {} holds this trace: open it in https://ui.perfetto.dev", demonstration.options.perfetto));
  }
  platform.kill(video_service);
  platform.stop_all();
  demonstration.checks.expect(call.has_value(), "trace: it is known what ml-service was handling when it was killed");
  check(demonstration.checks, traces);
}

}  // namespace demo
