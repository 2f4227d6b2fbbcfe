#include "common/video_options.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "common/line_reader.hpp"

namespace streaming {
namespace {

constexpr std::uint64_t generated_events = 100'000;

}  // namespace

void add_video_options(CLI::App& app, VideoOptions& options) {
  auto* input = app.add_option("--input", options.input,
                               "CSV with the columns userId, movieId, rating and timestamp; - for standard input; "
                               "without it, events are generated")
                    ->type_name("FILE");
  app.add_option("--events", options.events, "publish at most N events [without --input: 100000]")->type_name("N");
  app.add_option("--seed", options.seed, "seed of the generated events; the same seed gives the same events")
      ->capture_default_str()
      ->excludes(input)
      ->type_name("N");
  auto* rate = app.add_option("--rate", options.rate, "events per second; by default as fast as possible")
                   ->check(CLI::Range(0.001, 1e9))
                   ->type_name("R");
  app.add_option("--pace-seconds", options.pace_seconds, "spread all events over this time")
      ->check(CLI::Range(0.001, 1e6))
      ->excludes(rate)
      ->type_name("S");
  app.add_option("--burst", options.burst, "with --rate or --pace-seconds, publish events in groups of N")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000))
      ->type_name("N");
  app.add_option("--retain", options.retain,
                 "if the topic is new, retain at least N events for services that start later [all of a file's or the "
                 "generated ones, up to a million; "
                 "at least 250000]")
      ->type_name("N");
  app.add_option("--report", options.report, "write what was done as JSON at the end")->type_name("FILE");
  app.add_option("--answers", options.answers, "write the time of each answer as CSV at the end")->type_name("FILE");
}

std::uint64_t expected_events(const VideoOptions& options) {
  if (options.input.empty()) return options.events > 0 ? options.events : generated_events;
  const std::uint64_t rows = count_rows(options.input).value_or(0);
  return options.events > 0 && rows > 0 ? std::min(options.events, rows) : rows;
}

}  // namespace streaming
