#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <prometheus/collectable.h>

#include "counters.hpp"
#include "settings.hpp"
#include "shmbus/inspector.hpp"

namespace shmbus::bridge {

/// The metrics of a bridge, made at each request. Any thread.
class BridgeMetrics : public prometheus::Collectable {
 public:
  BridgeMetrics(const Counters& counters, const Settings& settings) : counters_(counters), settings_(settings) {}

  std::vector<prometheus::MetricFamily> Collect() const override;
  /// After a new configuration.
  void set(const Settings& settings);

 private:
  struct Unread {
    std::uint64_t events = 0;
    std::chrono::nanoseconds age{0};  // of the oldest
  };
  Unread unread() const;

  const Counters& counters_;
  mutable std::mutex mutex_;
  Settings settings_;
  mutable std::optional<Inspector> inspector_;
};

}  // namespace shmbus::bridge
