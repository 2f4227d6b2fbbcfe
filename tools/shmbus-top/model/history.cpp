#include "model/history.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "model/row_id.hpp"

namespace shmbus::top {

void History::add(const ComparedSnapshot& look) {
  if (!look.compared) return;
  std::unordered_map<std::string, std::deque<double>> kept;
  const auto add = [&](std::string id, double rate) {
    std::deque<double> rates = std::move(rates_[id]);
    if (rates.size() >= most) rates.pop_front();
    rates.push_back(rate);
    kept.emplace(std::move(id), std::move(rates));
  };
  for (std::size_t i = 0; i < look.bus.topics.size(); ++i) {
    const TopicSnapshot& topic = look.bus.topics[i];
    const TopicRates& rates = look.topics[i];
    add(row_id(topic), rates.published);
    for (std::size_t k = 0; k < topic.subscribers.size(); ++k)
      add(row_id(topic, topic.subscribers[k]), rates.subscribers[k].delivered);
    for (std::size_t k = 0; k < topic.publishers.size(); ++k)
      add(row_id(topic, topic.publishers[k]), rates.publishers[k].published);
  }
  for (std::size_t i = 0; i < look.bus.topics.size(); ++i) {
    if (look.bus.topics[i].journal) add(journal_row_id(look.bus.topics[i]), look.topics[i].journal.recorded);
  }
  for (std::size_t i = 0; i < look.durables.size(); ++i) add(row_id(look.durables[i]), look.acknowledged[i]);
  for (std::size_t i = 0; i < look.groups.size(); ++i) add(row_id(look.groups[i]), look.group_rates[i].acknowledged);
  for (std::size_t i = 0; i < look.bus.nodes.size(); ++i) add(row_id(look.bus.nodes[i]), look.processor[i]);
  rates_ = std::move(kept);
}

std::vector<double> History::last(const std::string& id, std::size_t count) const {
  const auto found = rates_.find(id);
  if (found == rates_.end()) return {};
  const std::deque<double>& rates = found->second;
  const auto from = rates.size() > count ? static_cast<std::ptrdiff_t>(rates.size() - count) : 0;
  return {rates.begin() + from, rates.end()};
}

std::string sparkline(std::span<const double> values, std::size_t width, bool utf8) {
  static constexpr std::array bars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static constexpr std::array marks = {"_", ".", ":", "-", "=", "+", "*", "#"};
  if (values.size() > width) values = values.last(width);
  const double highest = values.empty() ? 0 : *std::max_element(values.begin(), values.end());
  std::string line;
  for (const double value : values) {
    // Zero is a space: the lowest bar is for small values.
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
