#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/compared_snapshot.hpp"

namespace shmbus::top {

/// The rates of each row over the last snapshots, for sparklines: events per second of topics and ports, cores of nodes.
class History {
 public:
  static constexpr std::size_t most = 300;  ///< looks

  /// Adds a snapshot's rates. Rows that are gone are dropped.
  void add(const ComparedSnapshot& look);
  /// The values of the row with an id (see row_id.hpp), the newest last; at most `count`.
  std::vector<double> last(const std::string& id, std::size_t count = most) const;

 private:
  std::unordered_map<std::string, std::deque<double>> rates_;
};

/// A bar for each of the last `width` values, scaled to the highest of them; fewer if there are fewer values.
std::string sparkline(std::span<const double> values, std::size_t width, bool utf8);

}  // namespace shmbus::top
