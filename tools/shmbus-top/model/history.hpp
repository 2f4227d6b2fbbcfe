#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/look.hpp"

namespace shmbus::top {

/// The rates of each topic over the last looks, for sparklines.
class History {
 public:
  static constexpr std::size_t most = 300;  ///< looks

  void add(const Look& look);
  /// Events a second, the newest last.
  std::span<const double> of(std::uint64_t topic_id) const;

 private:
  std::unordered_map<std::uint64_t, std::vector<double>> rates_;
};

/// A column for each of the last `width` values, as high as their highest allows; fewer where there are fewer.
std::string sparkline(std::span<const double> values, std::size_t width, bool utf8);

}  // namespace shmbus::top
