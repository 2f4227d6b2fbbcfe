#pragma once

#include <optional>
#include <string>
#include <vector>

#include "support/forked_process.hpp"

namespace test {

/// Whether two network namespaces can be made and joined here; if not, the test is skipped.
bool have_network_cables();

/// A second host, as far as the network goes: a network namespace that a cable, a pair of virtual interfaces, joins to this
/// process's own. *Requires* a process in a network namespace of its own: `in_namespaces(CLONE_NEWNET, ...)`.
class NetworkCable {
 public:
  static constexpr const char* here = "10.77.0.1";   ///< this end's address
  static constexpr const char* there = "10.77.0.2";  ///< the other end's

  NetworkCable();

  /// Words that, put before a command, start it at the other end.
  std::vector<std::string> at_other_end() const;

  /// Pulls the cable out: packets vanish, and no connection ends by that.
  void cut() const;
  void mend() const;

 private:
  std::optional<ForkedProcess> other_end_;
};

}  // namespace test
