#include <signal.h>

#include <unistd.h>

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "demo/caller.hpp"
#include "common/response_times.hpp"
#include "demo/demonstration.hpp"

namespace demo {
namespace {

using Clock = std::chrono::steady_clock;

struct Answer {
  bool ok = true;
  std::chrono::nanoseconds time{0};
};

/// video-service without a bus: it answers the viewer when all six services have answered.
class CallingVideoService {
 public:
  CallingVideoService(Demonstration& demonstration, const Platform& platform)
      : demonstration_(demonstration),
        platform_(platform),
        caller_(std::max(2 * demonstration.options.service_time, std::chrono::milliseconds{50}), 3,
                demonstration.stop) {}

  Answer answer(const streaming::WatchStarted& watch) {
    Answer answer;
    std::string problem;
    const Clock::time_point arrived = Clock::now();
    for (const std::string_view service : reacting_services) {
      const CallOutcome outcome = caller_.call(platform_.file(service, "socket"), watch);
      answer.ok = outcome.answered;
      if (outcome.answered) continue;
      problem = fmt::format("{}: {} ({} attempts)", service, outcome.problem, outcome.attempts);
      break;
    }
    answer.time = Clock::now() - arrived;
    Terminal& terminal = demonstration_.terminal;
    terminal.line(fmt::format("   user {} starts video {:<6} {} {:>9}   {}", watch.user, watch.video,
                              answer.ok ? terminal.good("answered after") : terminal.bad("FAILED after  "),
                              readable(answer.time), terminal.faint(problem)));
    return answer;
  }

 private:
  Demonstration& demonstration_;
  const Platform& platform_;
  Caller caller_;
};

}  // namespace

CallFigures show_calls(Demonstration& demonstration) {
  const auto& [options, input, stop, terminal, checks, name, folder] = demonstration;
  terminal.heading(
      fmt::format("1  Before: six services are called one after another, {} ms each, and then the viewer is answered",
                  options.service_time.count()));
  Platform platform = demonstration.platform("calls");
  for (const std::string_view service : reacting_services) {
    platform.start(service, {"--serve", platform.file(service, "socket"), "--service-time",
                             std::to_string(options.service_time.count())});
  }
  platform.wait_until("all six services to listen", std::chrono::seconds{10}, [&] {
    return std::all_of(reacting_services.begin(), reacting_services.end(), [&](std::string_view service) {
      return ::access(platform.file(service, "socket").c_str(), F_OK) == 0;
    });
  });

  CallingVideoService video(demonstration, platform);
  std::vector<std::uint64_t> times;
  bool all_answered = true;
  for (unsigned i = 0; i < options.calls; ++i) {
    const Answer answer = video.answer(input.first[i % input.first.size()]);
    all_answered = all_answered && answer.ok;
    times.push_back(static_cast<std::uint64_t>(answer.time.count()));
  }
  terminal.line(terminal.strong("   ml-service hangs"));
  platform.signal(ml_service, SIGSTOP);
  const Answer hanging = video.answer(input.first.front());
  terminal.line(terminal.strong("   ml-service is dead"));
  platform.kill(ml_service);
  const Answer dead = video.answer(input.first.front());

  const CallFigures figures{
      .median = std::chrono::nanoseconds{streaming::quantile(times, 0.5)}, .hanging = hanging.time, .dead = dead.time};
  checks.expect(all_answered && figures.median >= reacting_services.size() * options.service_time,
                "before: with calls, a viewer waits for all six services");
  checks.expect(!hanging.ok && !dead.ok,
                "before: with ml-service down, the watch fails, though the video was there all along");
  return figures;
}

}  // namespace demo
