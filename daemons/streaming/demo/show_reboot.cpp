#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <shmbus/bus.hpp>
#include <shmbus/subscriber.hpp>

#include "common/events.hpp"
#include "common/stream_hash.hpp"
#include "demo/bus_view.hpp"
#include "demo/demonstration.hpp"
#include "demo/stream_result.hpp"
#include "demo/workspace.hpp"

namespace demo {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t restart_watches = 3000;
constexpr std::string_view rate = "1000";

void start_all(Demonstration& demonstration, Platform& platform) {
  for (const std::string_view service : reacting_services)
    platform.start_reacting(service, demonstration.input.movies, {"--journal", "batch"});
  std::vector<std::string> arguments = demonstration.input.arguments(demonstration.options, restart_watches);
  arguments.insert(arguments.end(), {"--bus", platform.bus(), "--rate", std::string{rate}, "--burst", "10", "--journal",
                                     "batch", "--resume", "--report", platform.file(video_service, "json")});
  platform.start(video_service, arguments);
}

// What a restart of the machine does to a bus.
void delete_memory_of(const std::string& bus) {
  for (const std::string& name : shared_memory_named("shmbus." + bus + ".")) {
    std::filesystem::remove(std::filesystem::path("/dev/shm") / name);
  }
}

struct Held {
  std::uint64_t events = 0;
  std::uint64_t lost = 0;
  streaming::StreamHash hash;
  std::uint64_t results = 0;
  std::uint64_t doubles = 0;
};

// Reads the bus from its oldest event to its newest one.
Held read_all(Platform& platform) {
  Held held;
  std::set<std::string> results;
  shmbus::Bus bus = shmbus::Bus::open(platform.bus());
  shmbus::Subscriber events = bus.subscriber(">", {.start = shmbus::Start::oldest()});
  const auto handle = [&](const shmbus::Event& event) {
    if (event.topic() == streaming::watch_topic) {
      const auto* watch = event.as<streaming::WatchStarted>();
      if (watch == nullptr) return;
      ++held.events;
      held.hash.add(event.id().sequence, *watch);
      return;
    }
    const auto bytes = event.payload();
    std::string result{event.topic()};
    result.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    ++held.results;
    if (!results.insert(std::move(result)).second) ++held.doubles;
  };
  while (events.poll(handle) > 0 || events.wait(500ms)) platform.check_services();
  held.lost = events.lost();
  return held;
}

}  // namespace

void show_reboot(Demonstration& demonstration) {
  Terminal& terminal = demonstration.terminal;
  Checks& checks = demonstration.checks;
  terminal.heading("4  The machine restarts: all processes are killed, and the bus's memory is gone");
  Platform platform = demonstration.platform("reboot");
  start_all(demonstration, platform);
  std::uint64_t before = 0;
  {
    BusView view(platform.bus());
    platform.wait_until("the middle of the stream", 30s, [&] { return view.published() >= restart_watches / 2; });
    before = view.published();
  }
  platform.kill_all();
  delete_memory_of(platform.bus());
  checks.expect(shared_memory_named(platform.bus()).empty(), "restart: nothing of the bus was left in memory");
  terminal.line(fmt::format("   At event {} all seven services are killed with SIGKILL, and /dev/shm loses the bus.",
                            grouped(before)));
  start_all(demonstration, platform);
  terminal.line("   They are started again: the topics come back from their journals, on disk.");
  platform.wait_for_end(video_service, 60s);
  BusView view(platform.bus());
  const std::uint64_t last = view.published();
  for (const std::string_view service : reacting_services) {
    platform.wait_until(fmt::format("{} to read event {}", service, last), 30s,
                        [&] { return view.has_read(service, last); });
  }
  platform.stop_all();
  StreamResult result;
  result.video = platform.report(video_service);
  for (const std::string_view service : reacting_services) result.services.push_back(platform.report(service));
  show(result, terminal);

  const Held held = read_all(platform);
  const std::string hash = fmt::format("{:016x}", held.hash.value());
  checks.expect(held.events == restart_watches && held.lost == 0 && result.video.at("hash") == hash &&
                    result.video.at("published").get<std::uint64_t>() == restart_watches,
                fmt::format("restart: video-service published {} watches in two lives, and the journal has {}",
                            grouped(result.video.at("published").get<std::uint64_t>()), grouped(held.events)));
  for (const auto& report : result.services) {
    const auto number = [&](const char* name) { return report.at(name).get<std::uint64_t>(); };
    checks.expect(number("handled") == restart_watches && number("lost") == 0 && report.at("hash") == hash &&
                      number("resumed_after") > 0 && number("resumed_after") < restart_watches,
                  fmt::format("restart: {} handled {}, lost {}; it went on after event {}",
                              report.at("service").get<std::string>(), grouped(number("handled")),
                              grouped(number("lost")), grouped(number("resumed_after"))));
  }
  checks.expect(held.results > 0 && held.doubles == 0,
                fmt::format("restart: the journals have {} results, none twice", grouped(held.results)));
}

}  // namespace demo
