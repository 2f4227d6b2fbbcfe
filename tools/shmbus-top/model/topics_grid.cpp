#include <algorithm>

#include "model/alarm.hpp"
#include "model/pane_grids.hpp"
#include "model/row_id.hpp"
#include "printable_text.hpp"
#include "topic_table.hpp"

namespace shmbus::top {
namespace {

Cell state_of(const TopicSnapshot& topic, const TopicRates& rates) {
  if (!topic.problem.empty()) return {"unreadable", Tone::bad};
  const auto any = [&](auto condition) {
    return std::any_of(topic.subscribers.begin(), topic.subscribers.end(), condition);
  };
  if (any([](const SubscriberSnapshot& s) { return s.alive && s.gating; })) {
    std::chrono::nanoseconds longest{0};
    for (const SubscriberSnapshot& s : topic.subscribers) longest = std::max(longest, s.alive ? s.gating_for : longest);
    return {"gated", gating_tone(longest)};
  }
  if (rates.lost > 0) return {"losing", Tone::bad};
  if (any([](const SubscriberSnapshot& s) { return s.alive && s.lapped_now; })) return {"lapped", Tone::notice};
  if (rates.published > 0) return {"flowing", Tone::good};
  return {"quiet", Tone::quiet};
}

template <class Port>
std::uint64_t alive(const std::vector<Port>& ports) {
  return static_cast<std::uint64_t>(std::count_if(ports.begin(), ports.end(), [](const Port& p) { return p.alive; }));
}

Row row_of(const ComparedSnapshot& look, std::size_t i, const Style& style) {
  const TopicSnapshot& topic = look.bus.topics[i];
  const TopicRates& rates = look.topics[i];
  std::uint64_t lag = 0, lost = 0;
  Tone tone = Tone::quiet;  // of the one that is furthest behind
  for (const SubscriberSnapshot& s : topic.subscribers) {
    if (s.alive && s.lag > lag) {
      lag = s.lag;
      tone = lag_tone(s);
    }
    lost += s.lost;
  }
  return {row_id(topic),
          topic.info.name,
          {Cell{topic.info.name},
           rate_cell(look, rates.published, style.units),
           {look.compared ? bytes_text(rates.bytes, style.units) : "-", rates.bytes,
            rates.bytes == 0 ? Tone::quiet : Tone::plain},
           state_of(topic, rates),
           count_cell(lag, tone),
           count_cell(lost, lost_tone(lost, rates.lost)),
           count_cell(alive(topic.publishers)),
           count_cell(alive(topic.subscribers)),
           count_cell(topic.published),
           count_cell(tool::retained(topic)),
           bytes_cell(static_cast<double>(topic.memory), style.units),
           Cell{topic.info.type_name.empty() ? "-" : tool::printable(topic.info.type_name), Tone::quiet}}};
}

/// A topic whose creator is still at work, was stopped or died.
Row row_of(const UnfinishedTopic& topic) {
  const std::string name = topic.name.empty() ? "(unnamed)" : tool::printable(topic.name);
  Row row{"unfinished " + name, {}, {Cell{name}}};
  row.cells.resize(12, Cell{"-", 0.0, Tone::quiet});
  row.cells[3] = Cell{"unfinished", topic.creator_state == NodeState::alive ? Tone::notice : Tone::bad};
  return row;
}

}  // namespace

Grid topics_grid(const ComparedSnapshot& look, const Style& style) {
  Grid grid{{{.heading = "TOPIC", .is_text = true, .least = 12},
             {.heading = "EVENTS/S", .rank = 1},
             {.heading = "BYTES/S", .rank = 5},
             {.heading = "STATE", .is_text = true, .rank = 1},
             {.heading = "LAG", .rank = 2},
             {.heading = "LOST", .rank = 2},
             {.heading = "PUBS", .rank = 6},
             {.heading = "SUBS", .rank = 6},
             {.heading = "PUBLISHED", .rank = 7},
             {.heading = "RETAINED", .rank = 9},
             {.heading = "MEMORY", .rank = 8},
             {.heading = "TYPE", .is_text = true, .rank = 10, .least = 4}},
            {}};
  for (std::size_t i = 0; i < look.bus.topics.size(); ++i) grid.rows.push_back(row_of(look, i, style));
  for (const UnfinishedTopic& topic : look.bus.unfinished) grid.rows.push_back(row_of(topic));
  return grid;
}

}  // namespace shmbus::top
