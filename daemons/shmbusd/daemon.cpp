#include "daemon.hpp"

#include <exception>
#include <mutex>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "log.hpp"
#include "metrics.hpp"
#include "quantity_text.hpp"
#include "service_loop.hpp"

namespace shmbus::daemon {
namespace {

/// Makes the metrics at each request, from new snapshots.
class BusCollector : public prometheus::Collectable {
 public:
  BusCollector(BusSet& buses, const Reaped& reaped, const TraceExport& traces)
      : buses_(buses), reaped_(reaped), traces_(traces) {}

  std::vector<prometheus::MetricFamily> Collect() const override try {
    const std::vector<Look> looks = buses_.look();
    const OwnCounts own{.reaped_nodes = reaped_.nodes,
                        .reaped_ports = reaped_.ports,
                        .reaped_subscriptions = reaped_.subscriptions,
                        .reaped_segments = reaped_.segments};
    const std::lock_guard lock(mutex_);
    return families_.families(looks, shared_memory(), own, traces_.counts());
  } catch (const std::exception& error) {
    spdlog::error("metrics can't be made: {}", error.what());
    return {};
  }

 private:
  BusSet& buses_;
  const Reaped& reaped_;
  const TraceExport& traces_;
  mutable std::mutex mutex_;
  mutable Metrics families_;
};

Settings settings_of(const std::string& path) { return path.empty() ? Settings{} : read_settings(path); }

}  // namespace

Daemon::Daemon(std::string path) : path_(std::move(path)), settings_(settings_of(path_)), pages_(make_pages()) {
  if (!settings_.listen.empty()) endpoint_ = open_endpoint(settings_.listen, pages_);
  apply(settings_);
  if (endpoint_) spdlog::info("metrics at {}", endpoint_->address());
  if (!settings_.trace.endpoint.empty()) spdlog::info("traces go to {}", settings_.trace.endpoint);
}

std::shared_ptr<const HttpPages> Daemon::make_pages() {
  const auto lines = [this] {
    const std::vector<std::string> buses = health_.report().buses;
    std::vector<std::string> all{buses.empty() ? "Buses: none" : fmt::format("Buses: {}", fmt::join(buses, ", "))};
    if (std::string traces = traces_.line(); !traces.empty()) all.push_back(std::move(traces));
    return all;
  };
  return std::make_shared<HttpPages>(
      HttpPages::Parts{.title = "shmbusd",
                       .sentence = "Housekeeping and metrics for the shmbus buses of this machine.",
                       .metrics = std::make_shared<BusCollector>(buses_, reaper_.reaped(), traces_),
                       .health = [this] { return health_.report(); },
                       .lines = lines});
}

void Daemon::run() {
  look();
  log_buses();
  spdlog::info("shmbusd {} is ready, and looks every {}", SHMBUS_VERSION, tool::duration_text(settings_.interval));
  ServiceManager manager;
  manager.ready();
  const auto look_again = [this](bool reread) {
    look();
    if (reread) log_buses();
    return settings_.interval;
  };
  run_service(manager, {.look = look_again, .reread = [this] { reread(); }}, settings_.interval);
}

void Daemon::look() {
  const std::vector<Look> looks = buses_.look();
  for (const Warning& warning :
       warnings_.look(looks, shared_memory(), {.gating = settings_.gating_limit, .memory = settings_.memory_limit}))
    spdlog::log(warning.level, "{}", warning.text);
  reaper_.look(looks);
  recording_.look(looks);
  std::vector<std::string> buses;
  for (const Look& look : looks) buses.push_back(look.bus);
  health_.looked(std::move(buses));
}

/// The buses at the last snapshot.
void Daemon::log_buses() const {
  const std::vector<std::string> there = health_.report().buses;
  const std::string found = there.empty() ? "none yet" : fmt::format("{}", fmt::join(there, ", "));
  if (settings_.buses.empty())
    spdlog::info("watches all buses of this machine; existing now: {}", found);
  else
    spdlog::info("watches the buses {}; existing now: {}", fmt::join(settings_.buses, ", "), found);
}

void Daemon::apply(const Settings& settings) {
  settings_ = settings;
  health_.expect(settings.interval);
  set_log_level(settings.log_level);
  buses_.choose(settings.buses, settings.owners);
  reaper_.set(settings.reap, settings.owners);
  recording_.set(settings.record, settings.owners);
  traces_.set(settings.trace, settings.buses, settings.owners);
}

void Daemon::reread() {
  const Settings settings = settings_of(path_);
  if (settings.listen != settings_.listen) {
    // The new endpoint is made first, so that the old one stays if that fails.
    auto endpoint = settings.listen.empty() ? nullptr : open_endpoint(settings.listen, pages_);
    endpoint_ = std::move(endpoint);
  }
  apply(settings);
  spdlog::info("read {} again{}{}", path_.empty() ? "no configuration" : path_,
               settings.trace.endpoint.empty() ? "" : ", traces go to " + settings.trace.endpoint,
               endpoint_ ? ", metrics at " + endpoint_->address() : ", no metrics");
}

}  // namespace shmbus::daemon
