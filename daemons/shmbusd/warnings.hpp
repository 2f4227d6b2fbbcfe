#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <spdlog/common.h>

#include "bus_set.hpp"

namespace shmbus::daemon {

/// Room in /dev/shm, in bytes.
struct Memory {
  std::uint64_t size = 0;
  std::uint64_t free = 0;
};
/// Reads it from the system; zeros if that fails.
Memory shared_memory() noexcept;

/// The limits at which a warning is due; 0 means never.
struct Limits {
  std::chrono::nanoseconds gating{0};
  unsigned memory = 0;  ///< percent of /dev/shm left
};

struct Warning {
  spdlog::level::level_enum level{};
  std::string text;
};

/// Reports each problem once when it begins, and once when it ends.
class Warnings {
 public:
  /// Reports what began and ended since the last look.
  std::vector<Warning> look(const std::vector<Look>& looks, const Memory& memory, const Limits& limits);

 private:
  struct Gating {
    std::string who;
    std::chrono::nanoseconds time{0};  ///< at the last look at which it gated
  };

  void gating(const std::vector<Look>& looks, std::chrono::nanoseconds limit);
  void room(const Memory& memory, unsigned limit);
  void problems(const std::vector<Look>& looks);
  void journals(const std::vector<Look>& looks);
  void groups(const std::vector<Look>& looks, std::chrono::nanoseconds limit);
  void group_ports(const Look& look, const TopicSnapshot& topic, std::chrono::nanoseconds limit,
                   std::map<std::string, Gating>& now);
  void unattached(const std::vector<Look>& looks);
  void say(spdlog::level::level_enum level, std::string text);

  std::map<std::string, Gating> gating_;           // by bus, topic, port and node
  std::map<std::string, std::string> problems_;    // by bus or topic
  std::map<std::string, std::string> unattached_;  // by bus and subscription: the subscriber's description
  struct Journaled {
    std::string trouble;  ///< empty: none
    std::uint64_t missing = 0;
    std::uint64_t recorder = 0;  ///< node
  };
  std::map<std::string, Journaled> journals_;  // by bus and topic
  struct Grouped {
    bool cautious = false, full = false, readable = true;
    std::uint64_t unpublished = 0, lost = 0, deaths = 0;
  };
  std::map<std::string, Grouped> groups_;  // by bus, topic and group
  bool short_of_memory_ = false;
  std::vector<Warning> said_;
};

}  // namespace shmbus::daemon
