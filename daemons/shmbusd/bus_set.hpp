#pragma once

#include <sys/types.h>

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "shmbus/inspector.hpp"

namespace shmbus::daemon {

/// The result of looking at one bus.
struct Look {
  std::string bus;
  std::optional<BusSnapshot> snapshot;  ///< nothing if it can't be read
  std::string problem;                  ///< why it can't be read
  std::vector<DurableSnapshot> durables{};
  std::vector<GroupSnapshot> groups{};
};

/// The buses that are watched, each by an Inspector that is kept between snapshots. A bus that was removed is unmapped
/// at the next snapshot. Any thread may take one.
class BusSet {
 public:
  /// `names`, or all buses of this machine; `owners` as in BusOptions.
  void choose(std::vector<std::string> names, std::vector<uid_t> owners);

  /// Snapshots of all of them, by name. Buses that do not exist, or are being removed, are left out.
  std::vector<Look> look();

  /// What dead processes left on a bus; nothing if that can't be read.
  std::vector<Leftover> leftovers(const std::string& bus);

 private:
  std::optional<Look> look_at(const std::string& bus);

  std::mutex mutex_;
  std::vector<std::string> names_;
  std::vector<uid_t> owners_;
  std::map<std::string, Inspector> inspectors_;
};

}  // namespace shmbus::daemon
