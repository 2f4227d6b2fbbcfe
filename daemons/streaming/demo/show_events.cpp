#include <signal.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "demo/bus_view.hpp"
#include "demo/demonstration.hpp"

namespace demo {
namespace {

constexpr std::uint64_t watches = 1000;
constexpr std::uint64_t watches_a_second = 1000;

struct Answers {
  std::uint64_t count = 0;
  std::chrono::nanoseconds median{0};
  std::chrono::nanoseconds slowest{0};
};

Answers answer_viewers(Demonstration& demonstration, Platform& platform) {
  std::vector<std::string> arguments = demonstration.input.arguments(demonstration.options, watches);
  arguments.insert(arguments.end(), {"--bus", platform.bus(), "--rate", std::to_string(watches_a_second), "--report",
                                     platform.file(video_service, "json")});
  platform.start(video_service, arguments);
  platform.wait_for_end(video_service, std::chrono::seconds{20});
  const auto report = platform.report(video_service);
  const Answers answers{.count = report.at("published").get<std::uint64_t>(),
                        .median = std::chrono::nanoseconds{report.at("median answer in ns").get<std::int64_t>()},
                        .slowest = std::chrono::nanoseconds{report.at("slowest_ns").get<std::int64_t>()}};
  Terminal& terminal = demonstration.terminal;
  terminal.line(fmt::format("   {} viewers               {} {:>9}   {}", grouped(answers.count),
                            terminal.good("answered after"), readable(answers.median),
                            terminal.faint(fmt::format("median; the slowest {}", readable(answers.slowest)))));
  return answers;
}

// "0.000079"
std::string per_cent(double value) {
  const int decimals = value >= 1 ? 0 : 1 - static_cast<int>(std::floor(std::log10(value)));
  return fmt::format("{:.{}f}", value, decimals);
}

// Three significant digits: "1,290,000".
std::string about(double number) {
  double unit = 1;
  while (number / unit >= 1000) unit *= 10;
  return grouped(static_cast<std::uint64_t>(number / unit + 0.5) * static_cast<std::uint64_t>(unit));
}

}  // namespace

EventFigures show_events(Demonstration& demonstration) {
  Terminal& terminal = demonstration.terminal;
  terminal.heading("2  After: publish that the watch started, and answer; whoever is interested reads it from the bus");
  Platform platform = demonstration.platform("events");
  for (const std::string_view service : reacting_services) platform.start_reacting(service, demonstration.input.movies);
  BusView view(platform.bus());
  platform.wait_until("all six services to be on the bus", std::chrono::seconds{10},
                      [&] { return view.subscriptions() >= reacting_services.size(); });

  const Answers all_up = answer_viewers(demonstration, platform);
  terminal.line(terminal.strong("   ml-service hangs"));
  platform.signal(ml_service, SIGSTOP);
  const Answers hanging = answer_viewers(demonstration, platform);
  terminal.line(terminal.strong("   ml-service is dead"));
  platform.kill(ml_service);
  const Answers dead = answer_viewers(demonstration, platform);
  platform.stop_all();

  demonstration.checks.expect(all_up.count == watches && hanging.count == watches && dead.count == watches,
                              "after: every viewer is answered, ml-service or no ml-service");
  return {.median = all_up.median,
          .median_hanging = hanging.median,
          .median_dead = dead.median,
          .publish_ns = measure_publish(platform.bus())};
}

void compare(Demonstration& demonstration, const CallFigures& calls, const EventFigures& events) {
  Terminal& terminal = demonstration.terminal;
  const double ratio =
      static_cast<double>(calls.median.count()) / std::max(1.0, static_cast<double>(events.median.count()));
  const auto row = [&](std::string_view what, std::string_view before, std::string_view after,
                       std::string_view verdict) {
    terminal.line(fmt::format("   {:<24} {:>20} {:>14}   {}", what, before, after, verdict));
  };
  terminal.blank();
  row("a viewer's answer takes", "before", "after", "");
  row("all six services up", readable(calls.median), readable(events.median),
      terminal.good(fmt::format("{} times faster: {} % of the time", about(ratio), per_cent(100 / ratio))));
  row("ml-service hangs", fmt::format("fails in {}", readable(calls.hanging)), readable(events.median_hanging),
      terminal.good("answered as before"));
  row("ml-service is dead", fmt::format("fails in {}", readable(calls.dead)), readable(events.median_dead),
      terminal.good("answered as before"));
  terminal.line(
      fmt::format("   the publish itself costs {:.0f} ns {}", events.publish_ns, terminal.faint("(in a tight loop)")));
  demonstration.checks.expect(
      ratio >= 100,
      fmt::format("after: answers are at least a hundred times faster than with calls ({} times)", about(ratio)));
}

}  // namespace demo
