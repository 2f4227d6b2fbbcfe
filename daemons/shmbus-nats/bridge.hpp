#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "counters.hpp"
#include "in_flow.hpp"
#include "link.hpp"
#include "out_flow.hpp"
#include "repeated_log.hpp"
#include "retry_delay.hpp"
#include "settings.hpp"
#include "shmbus/bus.hpp"
#include "state_file.hpp"
#include "wake_signal.hpp"

namespace shmbus::bridge {

/// One bridge with one configuration, on a thread of its own: it waits for the bus and for the right to be the bridge of
/// this name, connects, carries events until the connection is lost, and begins again.
class Bridge {
 public:
  Bridge(Settings settings, Counters& counters, bool take_over);
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;
  /// Ends it. What JetStream has not acknowledged is sent by the next one.
  ~Bridge();

 private:
  class Use;

  void work() noexcept;
  void serve_bus();
  std::optional<Bus> wait_for_bus();
  std::optional<StateFile> wait_for_turn(Bus& bus);
  void serve_links(Bus& bus, StateFile& state);
  /// Null where there is no connection to be had: the trouble says why.
  std::unique_ptr<Link> connect(InFlow& in);
  /// Sends until the link is lost, the bridge ends, or the stream can't be used.
  void carry_out(OutFlow& out, Link& link, const std::function<bool()>& ended);
  void warn_of_sync();
  /// Waits for this time, or until the bridge ends.
  void rest(std::chrono::nanoseconds time);

  const Settings settings_;
  Counters& counters_;
  const bool take_over_;
  WakeSignal wake_;
  std::atomic<bool> ended_{false};
  daemon::RetryDelay delay_;
  RepeatedLog repeated_;
  bool announced_ = false;  // the log's last word is that there is a connection
  bool warned_of_sync_ = false;
  std::mutex link_mutex_;
  Link* link_ = nullptr;  // with `link_mutex_`
  std::thread worker_;
};

}  // namespace shmbus::bridge
