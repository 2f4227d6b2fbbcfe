#include "model/history.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace shmbus::top {

void History::add(const Look& look) {
  if (!look.compared) return;
  std::unordered_map<std::uint64_t, std::vector<double>> kept;  // without topics that went away
  for (std::size_t i = 0; i < look.topics.size(); ++i) {
    const std::uint64_t id = look.bus.topics[i].info.id;
    std::vector<double> rates = std::move(rates_[id]);
    if (rates.size() >= most) rates.erase(rates.begin());
    rates.push_back(look.topics[i].published);
    kept[id] = std::move(rates);
  }
  rates_ = std::move(kept);
}

std::span<const double> History::of(std::uint64_t topic_id) const {
  const auto found = rates_.find(topic_id);
  return found != rates_.end() ? std::span<const double>{found->second} : std::span<const double>{};
}

std::string sparkline(std::span<const double> values, std::size_t width, bool utf8) {
  static constexpr std::array bars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static constexpr std::array marks = {"_", ".", ":", "-", "=", "+", "*", "#"};
  if (values.size() > width) values = values.last(width);
  const double highest = values.empty() ? 0 : *std::max_element(values.begin(), values.end());
  std::string line;
  for (const double value : values) {
    // Nothing at all is a space: the lowest bar is for what is small.
    if (value <= 0) {
      line += ' ';
      continue;
    }
    const auto level = static_cast<std::size_t>(std::ceil(value / highest * static_cast<double>(bars.size()))) - 1;
    line += (utf8 ? bars : marks)[std::min(level, bars.size() - 1)];
  }
  return line;
}

}  // namespace shmbus::top
