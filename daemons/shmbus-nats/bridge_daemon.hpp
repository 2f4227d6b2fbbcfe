#pragma once

#include <memory>
#include <string>

#include "bridge.hpp"
#include "counters.hpp"
#include "endpoint.hpp"
#include "http_pages.hpp"
#include "metrics.hpp"
#include "settings.hpp"

namespace shmbus::bridge {

/// The bridge, its configuration and its pages, until a signal ends it. *Requires* that `tool::block_signals` was called
/// before any thread started.
class BridgeDaemon {
 public:
  /// Throws SettingsError, or std::runtime_error where the metrics can't be served.
  BridgeDaemon(std::string path, bool take_over);

  void run();

 private:
  std::shared_ptr<const daemon::HttpPages> make_pages();
  daemon::HealthReport health() const;
  void start();
  void reread();

  std::string path_;
  bool take_over_;
  Settings settings_;
  Counters counters_;
  std::shared_ptr<BridgeMetrics> metrics_;
  std::shared_ptr<const daemon::HttpPages> pages_;
  std::unique_ptr<daemon::Endpoint> endpoint_;
  std::unique_ptr<Bridge> bridge_;
};

}  // namespace shmbus::bridge
