#pragma once

#include <atomic>
#include <cstdint>

#include "registry/registry.hpp"
#include "shmbus/log/environment.hpp"

namespace shmbus::registry {

/// The bus's stamp clock, and its conversion to system time. Any thread.
///
/// The rate comes from two pairs of (stamp, system time): the one taken when the bus was created, and the latest. It is
/// taken anew when a stamp lies well beyond the latest pair, so the error stays that of reading two clocks; a stamp is
/// converted from the nearer of its block's pair and the latest one, so that a jump of the system clock is felt by what
/// comes after it alone.
class BusClock {
 public:
  explicit BusClock(const BusRecord& bus) noexcept;

  bool cycle_clock() const noexcept { return cycles_; }
  std::uint64_t stamp() const noexcept;
  log::Moment now() const noexcept;
  std::int64_t to_ns(std::uint64_t stamp, const log::Moment& opened) noexcept;

 private:
  log::Moment latest() const noexcept;
  void refresh() noexcept;

  log::Moment created_;
  bool cycles_;
  // A seqlock of one writer at a time: odd while it is written.
  std::atomic<std::uint64_t> version_{0};
  std::atomic<std::uint64_t> latest_cycles_;
  std::atomic<std::int64_t> latest_ns_;
};

}  // namespace shmbus::registry
