#include "bridge_daemon.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "log.hpp"
#include "service_loop.hpp"

namespace shmbus::bridge {

using daemon::HealthReport;
using daemon::HttpPages;

BridgeDaemon::BridgeDaemon(std::string path, bool take_over)
    : path_(std::move(path)),
      take_over_(take_over),
      settings_(read_settings(path_)),
      metrics_(std::make_shared<BridgeMetrics>(counters_, settings_)),
      pages_(make_pages()) {
  daemon::set_log_level(settings_.log_level);
  if (!settings_.listen.empty()) endpoint_ = daemon::open_endpoint(settings_.listen, pages_);
  if (endpoint_) spdlog::info("metrics at {}", endpoint_->address());
}

std::shared_ptr<const HttpPages> BridgeDaemon::make_pages() {
  return std::make_shared<HttpPages>(HttpPages::Parts{.title = "shmbus-nats",
                                                      .sentence = "Carries events between a shmbus bus and NATS JetStream.",
                                                      .metrics = metrics_,
                                                      .health = [this] { return health(); }});
}

HealthReport BridgeDaemon::health() const {
  if (counters_.standby) return {true, "ok: stands by for another bridge of this name"};
  const std::string trouble = counters_.trouble();
  if (!trouble.empty()) return {false, trouble};
  if (!counters_.bus_open) return {true, "ok: waits for the bus"};
  if (!counters_.connected) return {false, "connects to NATS"};
  return {true, fmt::format("ok: connected to {}, {} messages in flight", counters_.server(), counters_.out.in_flight.load())};
}

void BridgeDaemon::start() { bridge_ = std::make_unique<Bridge>(settings_, counters_, take_over_); }

void BridgeDaemon::run() {
  spdlog::info("shmbus-nats {}: bridge {} of the bus {}, {} rules out, {} rules in", SHMBUS_VERSION, settings_.name,
               settings_.bus, settings_.out.size(), settings_.in.size());
  start();
  daemon::ServiceManager manager;
  manager.ready();
  const auto look = [&](bool) -> std::chrono::nanoseconds {
    manager.status(health().text);
    return std::chrono::seconds{1};
  };
  daemon::run_service(manager, {.look = look, .reread = [this] { reread(); }}, std::chrono::milliseconds{100});
  bridge_.reset();
}

void BridgeDaemon::reread() {
  const Settings settings = read_settings(path_);
  if (settings.listen != settings_.listen) {
    // The new endpoint is made first, so that the old one stays if that fails.
    auto endpoint = settings.listen.empty() ? nullptr : daemon::open_endpoint(settings.listen, pages_);
    endpoint_ = std::move(endpoint);
  }
  daemon::set_log_level(settings.log_level);
  Settings as_before = settings;
  as_before.listen = settings_.listen;
  as_before.log_level = settings_.log_level;
  const bool same = as_before == settings_;
  if (!same) bridge_.reset();
  settings_ = settings;
  metrics_->set(settings_);
  if (!same) start();
  spdlog::info("read {} again: {}{}", path_, same ? "the bridge goes on" : "the bridge begins anew",
               endpoint_ ? ", metrics at " + endpoint_->address() : ", no metrics");
}

}  // namespace shmbus::bridge
