#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "shmbus/detail/crash_point.hpp"

namespace crash {

/// The names in the library's sources, sorted. A test compares them with the points that were passed.
const std::vector<std::string>& all_points();

/// Which points processes passed. It lies in shared memory: make it before the processes are forked.
class Reached {
 public:
  Reached();
  Reached(const Reached&) = delete;
  Reached& operator=(const Reached&) = delete;
  ~Reached();

  std::atomic<std::uint8_t>* flags() const noexcept { return flags_; }
  bool has(const std::string& point) const { return flags_[shmbus::platform::crash_point_id(point)].load() != 0; }
  std::vector<std::string> points() const;
  void add(const std::string& point) { flags_[shmbus::platform::crash_point_id(point)].store(1); }

 private:
  std::atomic<std::uint8_t>* flags_;
};

}  // namespace crash
