#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "measure/placement.hpp"
#include "measure/shared_value.hpp"
#include "measure/spin.hpp"

namespace shmbus::measure {

/// A role failed. The text names the role and its error.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What the processes of one measurement share.
struct ControlPage {
  std::atomic<std::uint32_t> arrived{0};  // of the current meeting
  alignas(64) std::atomic<std::uint32_t> meeting{0};
  alignas(64) std::atomic<std::uint64_t> done{0};
  alignas(64) std::atomic<bool> stop{false};
};

/// A role's view of the others, in its own process.
class Role {
 public:
  Role(ControlPage& page, unsigned roles, Spin spin) noexcept : page_(&page), roles_(roles), spin_(spin) {}

  /// Waits, spinning, until all roles have arrived. If one never arrives, the watchdog ends the run.
  void meet() noexcept;

  /// Counts finished work, for the progress bar and the watchdog.
  void advance(std::uint64_t units = 1) noexcept { page_->done.fetch_add(units, std::memory_order_relaxed); }

  /// Returns true once another role asked all to stop. The parent never asks: it kills.
  bool stopping() const noexcept { return page_->stop.load(std::memory_order_relaxed); }
  void stop() noexcept { page_->stop.store(true, std::memory_order_relaxed); }

  /// What to do between two looks when spinning.
  Spin spin() const noexcept { return spin_; }

 private:
  ControlPage* page_;
  unsigned roles_;
  Spin spin_;
};

/// What the parent does while the roles work.
struct Watch {
  /// The watchdog: longest time without `advance`, a meeting or an end, before all are killed and the run has failed.
  std::chrono::nanoseconds patience = std::chrono::seconds{60};
  /// Called some times a second with what `advance` counted.
  std::function<void(std::uint64_t done)> tick{};
};

/// The processes of one measurement, forked from this one; each is pinned to its core, and dies with the parent. Open a
/// bus, or start a thread, only in the roles. Results go through a SharedValue made before.
class RoleProcesses {
 public:
  explicit RoleProcesses(Placement placement, unsigned pauses = 0);
  RoleProcesses(const RoleProcesses&) = delete;
  RoleProcesses& operator=(const RoleProcesses&) = delete;
  /// Kills the processes that still run, by their pids.
  ~RoleProcesses();

  /// `body` runs in the process. An exception from it becomes the Failure.
  void add(std::string name, std::function<void(Role&)> body);

  /// Starts all processes, and waits until all have ended. Throws Failure or Interrupted after ending them all. *Requires*
  /// `tool::block_signals({SIGCHLD})`.
  void run(const Watch& watch = {});

  /// The same in two steps, to look at the processes while they work: `keep_watch` returns after `time` at the latest,
  /// true once all have ended.
  void start();
  bool keep_watch(const Watch& watch, std::chrono::nanoseconds time);

  /// In the order they were added; after `start`.
  const std::vector<pid_t>& pids() const noexcept { return pids_; }
  std::uint64_t done() const noexcept { return page_->done.load(std::memory_order_relaxed); }

 private:
  struct Part {
    std::string name;
    std::function<void(Role&)> body;
    int text = -1;  // the reading end of a pipe for what it throws
    bool ended = false;
  };
  struct Life {
    std::chrono::steady_clock::time_point at{};
    std::uint64_t done = 0;
    std::uint32_t meeting = 0;
    std::size_t ended = 0;
  };

  [[noreturn]] void act(const Part& part, std::size_t number, int text, pid_t parent) noexcept;
  std::size_t reap();
  void look_for_life(const Watch& watch);
  void kill_all() noexcept;

  Placement placement_;
  Spin spin_;
  SharedValue<ControlPage> page_;
  std::vector<Part> parts_;
  std::vector<pid_t> pids_;
  Life life_;
};

}  // namespace shmbus::measure
