#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bus_set.hpp"
#include "shmbus/bus.hpp"

namespace shmbus::daemon {

/// Offers to record the journaled topics of the buses: joins each bus that has such a topic, for as long as it has one.
class Recording {
 public:
  /// With `record` false it leaves all buses.
  void set(bool record, std::vector<uid_t> owners);

  void look(const std::vector<Look>& looks);

 private:
  struct Member {
    std::uint64_t incarnation = 0;
    std::optional<Bus> bus;
    std::string problem;  ///< why it could not be joined
  };

  void join(const Look& look, Member& member);

  bool record_ = true;
  std::vector<uid_t> owners_;
  std::map<std::string, Member> members_;
};

}  // namespace shmbus::daemon
