// video-service: answers viewers that start a video, and publishes the watch on the bus.

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include <shmbus/shmbus.hpp>

#include "common/line_reader.hpp"
#include "common/pace.hpp"
#include "common/request_handler.hpp"
#include "common/service_options.hpp"
#include "common/video_options.hpp"
#include "common/watch_generator.hpp"
#include "command_line.hpp"
#include "signal_scope.hpp"

namespace {

std::unique_ptr<streaming::LineSource> open_requests(const streaming::VideoOptions& options, std::uint64_t expected,
                                                     const shmbus::tool::SignalScope& stop) {
  if (!options.input.empty()) return std::make_unique<streaming::LineReader>(options.input, &stop);
  return std::make_unique<streaming::WatchGenerator>(expected, options.seed);
}

bool stopped() { return shmbus::tool::received_signal() != 0; }

double requests_a_second(const streaming::VideoOptions& options, std::uint64_t expected) {
  if (options.pace_seconds <= 0) return options.rate;
  if (expected == 0)
    throw std::runtime_error(
        fmt::format("--pace-seconds: expected an input whose length is known, found '{}'; use --rate", options.input));
  return static_cast<double>(expected) / options.pace_seconds;
}

int run(const streaming::VideoOptions& options) {
  // The input is opened first: if it cannot be read, nothing is created on the bus.
  const std::uint64_t expected = streaming::expected_events(options);
  const std::uint64_t retained =
      options.retain > 0 ? options.retain : std::clamp<std::uint64_t>(expected, 250'000, 1'000'000);
  std::optional<shmbus::Bus> bus;
  shmbus::tool::SignalScope stop;
  const std::unique_ptr<streaming::LineSource> lines = open_requests(options, expected, stop);
  streaming::WatchReader requests(*lines);

  bus.emplace(shmbus::Bus::open(options.bus));
  stop.interrupts(*bus);
  streaming::RequestHandler handler(
      requests, bus->publisher<streaming::WatchStarted>(streaming::watch_topic, streaming::retaining(retained)));
  streaming::Pace pace(requests_a_second(options, expected), options.burst, stop);
  bool more = true;
  while (more && !stopped() && (options.events == 0 || handler.published() < options.events)) {
    pace.wait();
    more = !stopped() && handler.handle_next();
  }

  streaming::Report report("video-service");
  handler.describe(report);
  report.print();
  report.write(options.report);
  handler.times().write(options.answers);
  if (handler.unpublished() > 0) return 1;
  return stopped() ? 128 + shmbus::tool::received_signal() : 0;
}

}  // namespace

int main(int argc, char** argv) {
  streaming::VideoOptions options;
  shmbus::tool::CommandLine line("video-service", {}, "Answers viewers that start a video; publishes video.watch_started.");
  streaming::add_bus_option(line.program(), options.bus);
  streaming::add_video_options(line.program(), options);
  line.program().action([&] {
    try {
      return run(options);
    } catch (const std::exception& error) {
      fmt::print(stderr, "video-service: {}\n", error.what());
      return 1;
    }
  });
  return line.run(argc, argv);
}
