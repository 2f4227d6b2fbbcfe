#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/look.hpp"

namespace shmbus::top {

/// What each row did over the last looks, for sparklines: events a second of topics and ports, cores of nodes.
class History {
 public:
  static constexpr std::size_t most = 300;  ///< looks

  /// Of what is not there any more nothing is kept.
  void add(const Look& look);
  /// Of the row of that id (see row_id.hpp), the newest last; at most `count`.
  std::vector<double> last(const std::string& id, std::size_t count = most) const;

 private:
  std::unordered_map<std::string, std::deque<double>> rates_;
};

/// A column for each of the last `width` values, as high as their highest allows; fewer where there are fewer.
std::string sparkline(std::span<const double> values, std::size_t width, bool utf8);

}  // namespace shmbus::top
