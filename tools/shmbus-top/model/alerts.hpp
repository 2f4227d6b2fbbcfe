#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "model/line.hpp"
#include "model/compared_snapshot.hpp"

namespace shmbus::top {

/// Something that is wrong on a bus right now.
struct Alert {
  Tone tone = Tone::bad;  ///< bad, or notice
  std::string topic{};    ///< empty: of the whole bus
  std::string text{};     ///< "work.items: held back 15.0 s by warehouse (2120)"
  std::string remedy{};   ///< what to do about it
  std::chrono::nanoseconds since{0};  ///< how long; 0: not known
};

/// All alerts of a bus, the worst first.
std::vector<Alert> find_alerts(const ComparedSnapshot& look);

/// The first alert and how many more there are, in one line of `width` columns.
Line alert_line(const std::vector<Alert>& alerts, std::size_t width);

/// All alerts, each with its remedy.
std::vector<Line> alerts_page(const std::vector<Alert>& alerts);

}  // namespace shmbus::top
