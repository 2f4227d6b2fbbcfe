#include <algorithm>
#include <fstream>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "demo/bus_view.hpp"
#include "common/response_times.hpp"
#include "demo/demonstration.hpp"
#include "demo/stream_result.hpp"

namespace demo {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// The stream while it runs, and what happens to the services meanwhile.
class Stream {
 public:
  explicit Stream(Demonstration& demonstration)
      : demonstration_(demonstration),
        terminal_(demonstration.terminal),
        platform_(demonstration.platform("stream")),
        view_(platform_.bus()) {}

  StreamResult run();

 private:
  void wait_for_share(double share);
  void kill_ml();
  void start_late(std::string_view service, std::string_view words);
  void say(std::string_view text);
  std::string clock() const {
    return fmt::format("{:5.1f} s", std::chrono::duration<double>(Clock::now() - began_).count());
  }

  Demonstration& demonstration_;
  Terminal& terminal_;
  Platform platform_;
  BusView view_;
  Clock::time_point began_ = Clock::now();
  std::string state_of_ml_ = "ml-service alive";
  StreamResult result_;
};

StreamResult Stream::run() {
  const DemoInput& input = demonstration_.input;
  for (const std::string_view service : reacting_services) {
    if (service != badge_service) platform_.start_reacting(service, input.movies);
  }
  platform_.wait_until("five services to be on the bus", 10s,
                       [&] { return view_.subscriptions() >= reacting_services.size() - 1; });
  // In bursts, so that most answers find the processor awake and its caches warm, whatever else the machine does meanwhile.
  // Otherwise their times would depend on that, and not on ml-service.
  std::vector<std::string> arguments = input.arguments(demonstration_.options, 0);
  arguments.insert(arguments.end(),
                   {"--bus", platform_.bus(), "--pace-seconds", std::to_string(demonstration_.options.seconds),
                    "--burst", "50", "--retain", std::to_string(input.watches), "--report",
                    platform_.file(video_service, "json"), "--answers", platform_.file(video_service, "answers")});
  platform_.start(video_service, arguments);
  began_ = Clock::now();
  say("video-service and five services run; badge-service was never started");

  wait_for_share(0.3);
  kill_ml();
  wait_for_share(0.5);
  result_.badge_started_at = view_.published();
  start_late(badge_service, "is started for the first time; the others run on");
  wait_for_share(0.7);
  result_.ml_restarted_at = view_.published();
  start_late(ml_service, "is started again");
  wait_for_share(1);
  platform_.wait_for_end(video_service, 60s);
  say("video-service has published the last event and ended");
  const std::uint64_t last = view_.published();
  for (const std::string_view service : reacting_services) {
    platform_.wait_until(fmt::format("{} to read event {}", service, last), 30s,
                         [&] { return view_.has_read(service, last); });
  }
  say("all six services have read it");
  platform_.stop_all();

  result_.video = platform_.report(video_service);
  for (const std::string_view service : reacting_services) result_.services.push_back(platform_.report(service));
  result_.answers = read_answers(platform_.file(video_service, "answers"));
  return std::move(result_);
}

void Stream::wait_for_share(double share) {
  const auto target = static_cast<std::uint64_t>(share * static_cast<double>(demonstration_.input.watches));
  const auto timeout = std::chrono::duration_cast<std::chrono::nanoseconds>(
                           std::chrono::duration<double>(demonstration_.options.seconds)) +
                       60s;
  auto shown = Clock::now();
  platform_.wait_until(fmt::format("event {}", target), timeout, [&] {
    const std::uint64_t published = view_.published();
    if (Clock::now() >= shown) {
      shown = Clock::now() + 100ms;
      terminal_.progress(fmt::format("   {}  {:>9} of {} published, {}", clock(), grouped(published),
                                     grouped(demonstration_.input.watches), state_of_ml_));
    }
    return published >= target;
  });
}

void Stream::kill_ml() {
  result_.ml_alive_until = view_.published();
  platform_.kill(ml_service);
  result_.ml_dead_from = view_.published();
  state_of_ml_ = terminal_.bad("ml-service dead");
  say(fmt::format("ml-service is killed with SIGKILL, at event {}", grouped(result_.ml_dead_from)));
}

void Stream::start_late(std::string_view service, std::string_view words) {
  const std::uint64_t published = view_.published();
  platform_.start_reacting(service, demonstration_.input.movies);
  if (service == ml_service) state_of_ml_ = "ml-service alive";
  say(fmt::format("{} {}, at event {}", service, words, grouped(published)));
  const auto started = Clock::now();
  platform_.wait_until(fmt::format("{} to catch up", service), 30s, [&] { return view_.has_read(service, published); });
  say(fmt::format("{} has caught up with it after {}", service, readable(Clock::now() - started)));
}

void Stream::say(std::string_view text) { terminal_.line(fmt::format("   {}  {}", clock(), text)); }

}  // namespace

void show_stream(Demonstration& demonstration) {
  demonstration.terminal.heading(
      fmt::format("3  The stream: {} in {:g} s", demonstration.input.description, demonstration.options.seconds));
  const StreamResult result = Stream(demonstration).run();
  show(result, demonstration.terminal);
  check(result, demonstration.input, demonstration.checks);
}

}  // namespace demo
