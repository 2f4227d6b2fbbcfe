// video-service: answers viewers that start a video, and publishes the watch on the bus.

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include <shmbus/shmbus.hpp>

#include "command_line.hpp"
#include "common/line_reader.hpp"
#include "common/outbox.hpp"
#include "common/pace.hpp"
#include "common/request_handler.hpp"
#include "common/service_options.hpp"
#include "common/video_options.hpp"
#include "common/watch_generator.hpp"
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

// Brings the input to where an earlier video-service stopped. What its topic holds tells that: after a crash of the
// machine these are the watches that were durable.
void pass_over_published(streaming::RequestHandler& handler, shmbus::Bus& bus) {
  shmbus::Subscriber events = bus.subscriber(streaming::watch_topic, {.start = shmbus::Start::oldest()});
  const std::uint64_t newest = streaming::newest_sequence(bus, streaming::watch_topic);
  std::uint64_t last = 0;
  while (last < newest && !stopped()) {
    const std::size_t count = events.poll([&](const shmbus::Event& event) {
      last = event.id().sequence;
      const auto* watch = event.as<streaming::WatchStarted>();
      if (watch == nullptr || !handler.pass_over(last, *watch)) {
        throw std::runtime_error(fmt::format(
            "--resume: event {} of '{}': expected the next watch of the input, found another; give the input of before",
            last, streaming::watch_topic));
      }
    });
    if (count > 0) continue;
    // Numbers at the end whose publisher died before it committed them hold no event.
    if (!events.wait(std::chrono::seconds{2})) break;
  }
  if (events.lost() > 0) {
    throw std::runtime_error(fmt::format("--resume: expected all events of '{}', found that {} are gone; use --journal",
                                         streaming::watch_topic, events.lost()));
  }
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
  shmbus::TopicOptions topic = streaming::retaining(retained);
  topic.journal = streaming::journal_named(options.journal);
  streaming::RequestHandler handler(requests, bus->publisher<streaming::WatchStarted>(streaming::watch_topic, topic));
  if (options.resume) pass_over_published(handler, *bus);
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
  shmbus::tool::CommandLine line("video-service", {},
                                 "Answers viewers that start a video; publishes video.watch_started.");
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
