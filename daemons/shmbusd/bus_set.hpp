#pragma once

#include <sys/types.h>

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "shmbus/inspector.hpp"

namespace shmbus::daemon {

/// One bus at one look.
struct Look {
  std::string bus;
  std::optional<BusSnapshot> snapshot;  ///< nothing where it can't be read
  std::string problem;                  ///< then, why
};

/// The buses that are watched, each by an Inspector that stays from look to look. A bus that was removed is let go of
/// at the next look. Any thread may look.
class BusSet {
 public:
  /// `names`, or all buses of this machine; `owners` as in BusOptions.
  void choose(std::vector<std::string> names, std::vector<uid_t> owners);

  /// All of them as they are now, by name. One that does not exist, or is being removed, is not among them.
  std::vector<Look> look();

  /// What the dead left there; nothing where that can't be read.
  std::vector<Leftover> leftovers(const std::string& bus);

 private:
  std::optional<Look> look_at(const std::string& bus);

  std::mutex mutex_;
  std::vector<std::string> names_;
  std::vector<uid_t> owners_;
  std::map<std::string, Inspector> inspectors_;
};

}  // namespace shmbus::daemon
