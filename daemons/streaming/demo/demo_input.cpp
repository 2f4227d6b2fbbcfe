#include "demo/demo_input.hpp"

#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "common/line_reader.hpp"
#include "common/watch_generator.hpp"
#include "common/watch_reader.hpp"
#include "demo/failure.hpp"
#include "demo/terminal.hpp"

namespace demo {
namespace {

// A thousand answers before ml-service is killed, at three tenths of the stream, with something to spare.
constexpr std::uint64_t fewest = 4000;

std::unique_ptr<streaming::LineSource> open_lines(const DemoOptions& options) {
  if (!options.input.empty()) return std::make_unique<streaming::LineReader>(options.input);
  return std::make_unique<streaming::WatchGenerator>(options.events, options.seed);
}

std::string movies_beside(const DemoOptions& options) {
  if (!options.movies.empty() || options.input.empty()) return options.movies;
  const auto beside = std::filesystem::path(options.input).parent_path() / "movies.csv";
  return std::filesystem::is_regular_file(beside) ? beside.string() : "";
}

}  // namespace

std::vector<std::string> DemoInput::arguments(const DemoOptions& options, std::uint64_t events) const {
  std::vector<std::string> arguments;
  if (options.input.empty()) {
    arguments = {"--seed", std::to_string(options.seed), "--events",
                 std::to_string(events > 0 ? events : options.events)};
  } else {
    arguments = {"--input", options.input};
    if (events > 0) arguments.insert(arguments.end(), {"--events", std::to_string(events)});
  }
  return arguments;
}

DemoInput read_input(const DemoOptions& options) {
  if (!options.input.empty() && !std::filesystem::is_regular_file(options.input)) {
    throw Failure(fmt::format(
        "file '{}': expected an ordinary file, since it is read several times, found none; copy it into one",
        options.input));
  }
  DemoInput input;
  const std::unique_ptr<streaming::LineSource> lines = open_lines(options);
  streaming::WatchReader watches(*lines);
  while (watches.next()) {
    const auto watch = watches.parse();
    if (!watch) continue;
    ++input.watches;
    if (input.first.size() < 100) input.first.push_back(*watch);
  }
  input.malformed = watches.malformed();
  input.movies = movies_beside(options);
  input.description = fmt::format("{} watches from {}", grouped(input.watches),
                                  options.input.empty() ? fmt::format("a generator with seed {}", options.seed)
                                                        : std::filesystem::path(options.input).filename().string());
  if (input.malformed > 0) input.description += fmt::format(", {} malformed rows skipped", grouped(input.malformed));
  if (input.watches < fewest) {
    throw Failure(fmt::format(
        "{}: expected at least {} watches, so that there is something to see before and after a service is killed, "
        "found {} ({} malformed rows); give a longer input",
        lines->name(), grouped(fewest), grouped(input.watches), grouped(input.malformed)));
  }
  return input;
}

}  // namespace demo
