#pragma once

#include <string>
#include <utility>
#include <vector>

#include "measure/distribution.hpp"

namespace shmbus::measure {

/// Draws percentile curves as an SVG picture: shares from 0% over 90%, 99%, 99.9% and so on to the right, nanoseconds
/// upwards, both logarithmic. Throws std::system_error where the file can't be written.
void write_percentile_plot(const std::string& path, const std::string& title,
                           const std::vector<std::pair<std::string, std::vector<CurvePoint>>>& curves);

}  // namespace shmbus::measure
