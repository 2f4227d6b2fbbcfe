#pragma once

#include <memory>
#include <string>

#include "bus_set.hpp"
#include "endpoint.hpp"
#include "health.hpp"
#include "reaper.hpp"
#include "recording.hpp"
#include "settings.hpp"
#include "trace_export.hpp"
#include "warnings.hpp"

namespace shmbus::daemon {

/// Looks after the buses until a signal ends it. *Requires* that `tool::block_signals` was called before any thread started.
class Daemon {
 public:
  /// `path` names the configuration; with an empty one the defaults apply. Throws SettingsError, or std::runtime_error if the
  /// metrics can't be served.
  explicit Daemon(std::string path);

  void run();

 private:
  std::shared_ptr<const HttpPages> make_pages();
  void look();
  void log_buses() const;
  void apply(const Settings& settings);
  void reread();

  std::string path_;
  Settings settings_;
  BusSet buses_;
  Reaper reaper_{buses_};
  Recording recording_;
  Warnings warnings_;
  TraceExport traces_;
  Health health_;
  std::shared_ptr<const HttpPages> pages_;
  std::unique_ptr<Endpoint> endpoint_;
};

}  // namespace shmbus::daemon
