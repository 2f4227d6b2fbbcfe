#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "output.hpp"
#include "program.hpp"
#include "standard_error.hpp"
#include "trace_export.hpp"
#include "trace_json.hpp"
#include "trace_search.hpp"
#include "trace_text.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct TraceOptions : TraceQuery {
  bool json = false;
  std::optional<std::string> last_topic, otlp, perfetto;
};

Value subject_value(std::optional<TraceSubject>& to) {
  return {.read = [&to](const std::string& word) -> std::string {
    to = parse_trace_subject(word);
    return to ? "" : "an event id, TOPIC#SEQUENCE, a trace id of 32 hexadecimal digits or a traceparent";
  }};
}

/// What does not go together, or is missing; empty: all is well.
std::string mistake(const TraceOptions& options) {
  const bool one = options.subject || options.last_topic;
  const bool several = options.failed || options.dead || options.since || options.slowest;
  if (options.subject && options.last_topic) return "EVENT and --last exclude each other: each names one trace";
  if (one && several)
    return fmt::format("{} names one trace, and --failed, --dead, --since and --slowest choose among all",
                       options.subject ? "EVENT" : "--last");
  if (!one && !several) return "no trace is named: give EVENT, --last, --slowest, --failed, --dead or --since";
  if (options.slowest == 0u) return "--slowest: expected a whole number from 1, found '0'";
  const int to_output = (options.json ? 1 : 0) + (options.otlp == "-" ? 1 : 0) + (options.perfetto == "-" ? 1 : 0);
  if (to_output > 1) return "only one of --json, --otlp - and --perfetto - can go to standard output";
  return {};
}

void print(const std::vector<tracing::Trace>& traces, const TraceOptions& options, Time now) {
  Output out;
  const tracing::TextStyle style{.utf8 = tracing::locale_is_utf8(), .columns = out.columns(), .now = now};
  bool first = true;
  for (const tracing::Trace& trace : traces) {
    if (options.json) {
      out.text() += tracing::trace_json(trace);
    } else {
      if (!first) out.text() += '\n';
      out.text() += tracing::trace_text(trace, style);
    }
    first = false;
    out.line_done();
  }
  out.flush();
}

int run(const std::string& bus, TraceOptions options) {
  if (const std::string what = mistake(options); !what.empty()) return refuse(what, "shmbus trace --help");
  options.last = options.last_topic.value_or("");
  TraceSearch search{bus};
  const std::vector<tracing::Trace> traces = search.find(options);
  int status = 0;
  for (const std::string& problem : search.problems()) {
    complain(problem);
    status = 1;
  }
  if (traces.empty()) complain(fmt::format("bus '{}': no such trace; {}", bus, search.looked_at()));
  if (options.otlp) hint(export_otlp(traces, *options.otlp, search.now()));
  if (options.perfetto) hint(export_perfetto(traces, *options.perfetto, search.now()));
  if (options.json || (!options.otlp && !options.perfetto)) print(traces, options, search.now());
  return status;
}

}  // namespace

void add_trace(CommandLine& line, const ChosenBus& bus) {
  const auto options = std::make_shared<TraceOptions>();
  line.verb("trace", "Follow an event through all handlers, and what they published")
      .optional_argument("EVENT", subject_value(options->subject), "Event id, TOPIC#SEQUENCE, trace id or traceparent")
      .option("-l,--last", "TOPIC", text_value(options->last_topic), "The trace of this topic's newest event")
      .option("-n,--slowest", "N", whole_number(options->slowest), "Only the N traces that took longest, slowest first")
      .flag("--failed", options->failed, "Traces in which a handler threw or ended its thread")
      .flag("--dead", options->dead, "Traces in which a process died inside a handler")
      .option("-s,--since", "TIME", duration_value(options->since), "Traces of the last TIME, for example 10s")
      .flag("-j,--json", options->json, "One JSON object per line, one for each trace")
      .option("--otlp", "FILE|URL", text_value(options->otlp), "Write OpenTelemetry spans, or send them to http://HOST:4318")
      .option("--perfetto", "FILE", text_value(options->perfetto), "Write a picture for https://ui.perfetto.dev")
      .explain(R"(A trace is shown as a tree: events, below each the handlers that were called with it, below each the
events that it published. `waited` is from publish to call, `took` from call to return. It is put together
from the events in rings and journals and the flight recorders of subscriptions, also those of processes
that have died. What could not be read is said below the tree. Looking takes no port and disturbs nothing.

--failed, --dead, --since and --slowest go together: --failed --dead shows traces with either. Of journals they
read the time that --since names; without it, the rings alone. With --otlp or --perfetto no tree is printed; a
file - is standard output.

Examples:
  shmbus trace --last video.watch_started
  shmbus trace video.watch_started#50612
  shmbus trace --failed --since 10m --slowest 5
  shmbus trace --dead
  shmbus trace --since 10s --perfetto trace.json
  shmbus trace --since 1m --otlp http://localhost:4318)")
      .action([options, &bus] { return run(bus.name, *options); });
}

}  // namespace shmbus::tool
