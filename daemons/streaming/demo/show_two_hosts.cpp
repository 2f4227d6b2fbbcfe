#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "demo/bus_view.hpp"
#include "demo/demonstration.hpp"
#include "demo/host_network.hpp"
#include "demo/nats_server.hpp"
#include "demo/network_cable.hpp"
#include "demo/stream_result.hpp"
#include "demo/workspace.hpp"

namespace demo {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::string_view bridge = "shmbus-nats";
/// On host-a, beside video-service.
constexpr std::array<std::string_view, 3> near_services{"user-service", ml_service, "analytics-service"};
constexpr std::array<std::string_view, 3> far_services{"notification-service", badge_service, "ranking-service"};
/// What the far services publish, and the bridges carry back.
constexpr std::array<std::string_view, 3> far_results{"notification.sent", "badge.awarded", "ranking.changed"};

/// One of the two hosts. Its only way to the server is its cable.
struct Host {
  Host(Demonstration& demonstration, const std::string& its_name)
      : name(its_name),
        cable(network),
        platform(demonstration.options.services, demonstration.bus(name), demonstration.folder / name,
                 demonstration.stop, network.descriptor()),
        view(platform.bus()) {}

  /// Starts its bridge; `rules` is the end of the configuration.
  void start_bridge(const std::string& rules) {
    const std::string path = platform.file(bridge, "toml");
    std::ofstream(path) << fmt::format(
        "name = \"{}\"\nbus = \"{}\"\n[nats]\nurls = [\"nats://127.0.0.1:{}\"]\n[metrics]\nlisten = \"\"\n{}", name,
        platform.bus(), network.port(), rules);
    platform.start(bridge, {"--config", path});
  }

  std::string name;
  HostNetwork network;
  NetworkCable cable;
  Platform platform;
  BusView view;
};

/// Removes what the bridges keep in shared memory; they have ended by then.
struct BridgeStates {
  std::string buses;
  ~BridgeStates() { remove_bridge_states(buses); }
};

/// A time in which nothing reaches the far host.
struct Interruption {
  double from, to;             ///< shares of the stream
  double next;                 ///< the share at which the next one begins
  std::string broken, mended;  ///< what happens then
  std::string what;            ///< "host-b's cable was cut"
  std::function<void()> begin, end;

  // Watches published on the buses.
  std::uint64_t near_before = 0, near_after = 0, far_after = 0;
};

class TwoHosts {
 public:
  explicit TwoHosts(Demonstration& demonstration)
      : demonstration_(demonstration),
        terminal_(demonstration.terminal),
        states_{demonstration.name + "-"},
        server_(demonstration.options.nats_server, demonstration.folder / "nats", demonstration.stop),
        near_(demonstration, "host-a"),
        far_(demonstration, "host-b") {}

  void run();

 private:
  void start();
  void interrupt(Interruption interruption);
  void wait_until_far_has(std::uint64_t sequence, double share);
  void start_server();
  void finish();
  void check(const StreamResult& result);
  void wait_until(std::string_view what, std::chrono::nanoseconds timeout, const std::function<bool()>& condition);
  void wait_for_share(double share);
  void say(std::string_view text) { terminal_.line(fmt::format("   {}  {}", clock(), text)); }
  std::string clock() const {
    return fmt::format("{:5.1f} s", std::chrono::duration<double>(Clock::now() - began_).count());
  }

  Demonstration& demonstration_;
  Terminal& terminal_;
  BridgeStates states_;
  NatsServer server_;
  Host near_, far_;
  Clock::time_point began_ = Clock::now();
  std::vector<Interruption> interruptions_;
};

void TwoHosts::run() {
  start();
  interrupt({.from = 0.15,
             .to = 0.3,
             .next = 0.4,
             .broken = "host-b's network cable is cut",
             .mended = "the cable is mended",
             .what = "host-b's cable was cut",
             .begin = [&] { far_.cable.cut(); },
             .end = [&] { far_.cable.mend(); }});
  interrupt({.from = 0.4,
             .to = 0.55,
             .next = 0.65,
             .broken = "host-a's network cable is cut",
             .mended = "the cable is mended",
             .what = "host-a's cable was cut",
             .begin = [&] { near_.cable.cut(); },
             .end = [&] { near_.cable.mend(); }});
  interrupt({.from = 0.65,
             .to = 0.8,
             .next = 1,
             .broken = "nats-server is killed with SIGKILL",
             .mended = "nats-server is started again",
             .what = "nats-server was dead",
             .begin = [&] { server_.kill(); },
             .end = [&] { start_server(); }});
  finish();
}

void TwoHosts::start() {
  start_server();
  near_.start_bridge(
      "[[out]]\ntopics = \"video.watch_started\"\nstart = \"all\"\n"
      "[[in]]\nfrom = [\"host-b\"]\ntopics = \">\"\nstart = \"all\"\n");
  std::string rules = "[[in]]\nfrom = [\"host-a\"]\ntopics = \"video.watch_started\"\nstart = \"all\"\n";
  for (const std::string_view topic : far_results)
    rules += fmt::format("[[out]]\ntopics = \"{}\"\nstart = \"all\"\n", topic);
  far_.start_bridge(rules);
  const std::string& movies = demonstration_.input.movies;
  for (const std::string_view service : near_services) near_.platform.start_reacting(service, movies);
  // The bridge waits for them, instead of them losing what it publishes in a burst once the network is mended.
  for (const std::string_view service : far_services) far_.platform.start_reacting(service, movies, {"--reliable"});
  wait_until("the services to be on their buses", 20s, [&] {
    return near_.view.subscriptions() > near_services.size() && far_.view.subscriptions() >= far_services.size();
  });
  std::vector<std::string> arguments = demonstration_.input.arguments(demonstration_.options, 0);
  arguments.insert(arguments.end(),
                   {"--bus", near_.platform.bus(), "--pace-seconds", std::to_string(demonstration_.options.seconds),
                    "--burst", "50", "--retain", std::to_string(demonstration_.input.watches), "--report",
                    near_.platform.file(video_service, "json")});
  near_.platform.start(video_service, arguments);
  began_ = Clock::now();
  say(near_.network.descriptor() >= 0 && far_.network.descriptor() >= 0
          ? "each host has a network of its own, with one cable, to nats-server"
          : "both hosts share this host's network, since it allows no others; each has one cable, to nats-server");
  say(fmt::format("host-a: video-service, {}", fmt::join(near_services, ", ")));
  say(fmt::format("host-b: {}; its bus has the watches from the bridges alone", fmt::join(far_services, ", ")));
}

void TwoHosts::start_server() {
  server_.start();
  near_.cable.lead_to(server_.port());
  far_.cable.lead_to(server_.port());
}

void TwoHosts::interrupt(Interruption now) {
  wait_for_share(now.from);
  now.begin();
  now.near_before = near_.view.published();
  say(fmt::format("{}, at event {}", now.broken, grouped(now.near_before)));
  const double before = static_cast<double>(now.near_before) / static_cast<double>(demonstration_.input.watches);
  wait_for_share(std::clamp(before + 0.05, now.to, 1.0));
  now.near_after = near_.view.published();
  now.far_after = far_.view.published();
  now.end();
  say(fmt::format("{}; meanwhile host-a has published {} more, and host-b is {} behind", now.mended,
                  grouped(now.near_after - now.near_before), grouped(now.near_after - now.far_after)));
  wait_until_far_has(now.near_after, now.next);
  interruptions_.push_back(std::move(now));
}

/// Waits until that watch is on the bus of host-b, or a share of all on the bus of host-a.
void TwoHosts::wait_until_far_has(std::uint64_t sequence, double share) {
  const auto began = Clock::now();
  const double other = share * static_cast<double>(demonstration_.input.watches);
  bool has = false;
  wait_until("host-b to catch up", 120s, [&] {
    has = far_.view.published() >= sequence;
    return has || static_cast<double>(near_.view.published()) >= other;
  });
  if (has) say(fmt::format("host-b has caught up with that after {}", readable(Clock::now() - began)));
}

void TwoHosts::finish() {
  wait_for_share(1);
  near_.platform.wait_for_end(video_service, 60s);
  say("video-service has published the last event and ended");
  const std::uint64_t last = near_.view.published();
  const auto wait_for = [&](Host& host, std::string_view service) {
    wait_until(fmt::format("{} to read event {}", service, last), 60s,
               [&] { return host.view.has_read(service, last); });
  };
  for (const std::string_view service : near_services) wait_for(near_, service);
  for (const std::string_view service : far_services) wait_for(far_, service);
  say("all six services have read it");
  wait_until("the results of host-b to be on host-a", 60s, [&] {
    return std::all_of(far_results.begin(), far_results.end(), [&](std::string_view topic) {
      return near_.view.published(topic) >= far_.view.published(topic);
    });
  });
  say("host-a has all results of host-b");
  std::vector<std::string> results;
  bool alike = true;
  for (const std::string_view topic : far_results) {
    const std::uint64_t near = near_.view.published(topic), far = far_.view.published(topic);
    alike = alike && near == far && far > 0;
    results.push_back(fmt::format("{} {}", grouped(near), topic));
  }
  near_.platform.stop_all();
  far_.platform.stop_all();
  server_.end();

  StreamResult result;
  result.video = near_.platform.report(video_service);
  for (const std::string_view service : near_services) result.services.push_back(near_.platform.report(service));
  for (const std::string_view service : far_services) result.services.push_back(far_.platform.report(service));
  show(result, terminal_);
  check(result);
  demonstration_.checks.expect(
      alike, fmt::format("what host-b published is on host-a, each event once: {}", fmt::join(results, ", ")));
}

void TwoHosts::check(const StreamResult& result) {
  Checks& checks = demonstration_.checks;
  const auto number = [](const nlohmann::ordered_json& report, const char* name) {
    return report.at(name).get<std::uint64_t>();
  };
  const std::uint64_t published = number(result.video, "published");
  checks.expect(published == demonstration_.input.watches &&
                    number(result.video, "malformed rows") == demonstration_.input.malformed,
                fmt::format("video-service published {} of {} watches", grouped(published),
                            grouped(demonstration_.input.watches)));
  for (const Interruption& i : interruptions_) {
    checks.expect(
        i.near_after > i.near_before && i.far_after <= i.near_before,
        fmt::format("while {} host-a went on, from event {} to {}; none of them came to host-b before the end", i.what,
                    grouped(i.near_before), grouped(i.near_after)));
  }
  for (const auto& report : result.services) {
    checks.expect(number(report, "handled") == published && number(report, "lost") == 0 && number(report, "first") == 1,
                  fmt::format("{} handled {}, lost {}", report.at("service").get<std::string>(),
                              grouped(number(report, "handled")), grouped(number(report, "lost"))));
  }
  checks.expect(std::all_of(result.services.begin(), result.services.end(),
                            [&](const auto& report) { return report.at("hash") == result.video.at("hash"); }),
                "all seven hashes agree: on both hosts the same events, in the same order, each once");
}

void TwoHosts::wait_until(std::string_view what, std::chrono::nanoseconds timeout,
                          const std::function<bool()>& condition) {
  near_.platform.wait_until(what, timeout, [&] {
    far_.platform.check_services();
    return condition();
  });
}

void TwoHosts::wait_for_share(double share) {
  const auto target = static_cast<std::uint64_t>(share * static_cast<double>(demonstration_.input.watches));
  const auto timeout = std::chrono::duration_cast<std::chrono::nanoseconds>(
                           std::chrono::duration<double>(demonstration_.options.seconds)) +
                       60s;
  auto shown = Clock::now();
  wait_until(fmt::format("event {}", target), timeout, [&] {
    const std::uint64_t published = near_.view.published();
    if (Clock::now() >= shown) {
      shown = Clock::now() + 100ms;
      terminal_.progress(fmt::format("   {}  {:>9} of {} published on host-a, {:>9} on host-b", clock(),
                                     grouped(published), grouped(demonstration_.input.watches),
                                     grouped(far_.view.published())));
    }
    return published >= target;
  });
}

}  // namespace

void show_two_hosts(Demonstration& demonstration) {
  demonstration.terminal.heading(
      fmt::format("1  Two hosts: {} in {:g} s", demonstration.input.description, demonstration.options.seconds));
  TwoHosts(demonstration).run();
}

}  // namespace demo
