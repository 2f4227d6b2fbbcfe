#include "common/video_options.hpp"

#include <algorithm>

#include "common/line_reader.hpp"
#include "common/service_options.hpp"

namespace streaming {
namespace {

using namespace shmbus::tool;

constexpr std::uint64_t generated_events = 100'000;

}  // namespace

void add_video_options(Command& program, VideoOptions& options) {
  add_journal_option(
      program, options.journal,
      "if the topic is new, also write its events to disk, so that they are there after all processes died "
      "(page_cache), or after the machine crashed (batch)");
  program
      .option("--input", "FILE", text_value(options.input),
              "CSV with the columns userId, movieId, rating and timestamp; - for standard input; "
              "without it, events are generated")
      .option("--events", "N", whole_number(options.events), "publish at most N events [without --input: 100000]")
      .option("--seed", "N", whole_number(options.seed, std::to_string(options.seed)),
              "seed of the generated events; the same seed gives the same events")
      .exclude("--seed", "--input")
      .option("--rate", "R", without_preset(number_between(options.rate, 0.001, 1e9)),
              "events per second; by default as fast as possible")
      .option("--pace-seconds", "S", without_preset(number_between(options.pace_seconds, 0.001, 1e6)),
              "spread all events over this time")
      .exclude("--pace-seconds", "--rate")
      .option("--burst", "N", whole_number_between(options.burst, 1, 1'000'000),
              "with --rate or --pace-seconds, publish events in groups of N")
      .option("--retain", "N", whole_number(options.retain),
              "if the topic is new, retain at least N events for services that start later [all of a file's or the "
              "generated ones, up to a million; at least 250000]")
      .flag("--resume", options.resume,
            "pass over as many watches of the input as the topic holds, and count them as published")
      .option("--report", "FILE", text_value(options.report), "write what was done as JSON at the end")
      .option("--answers", "FILE", text_value(options.answers), "write the time of each answer as CSV at the end");
}

std::uint64_t expected_events(const VideoOptions& options) {
  if (options.input.empty()) return options.events > 0 ? options.events : generated_events;
  const std::uint64_t rows = count_rows(options.input).value_or(0);
  return options.events > 0 && rows > 0 ? std::min(options.events, rows) : rows;
}

}  // namespace streaming
