#include <unordered_map>

#include "model/alarm.hpp"
#include "model/pane_grids.hpp"
#include "model/row_id.hpp"
#include "port_text.hpp"

namespace shmbus::top {
namespace {

Cell percentile_cell(const Latency& latency, double percent) {
  if (latency.count() == 0) return {"-", 0.0, Tone::quiet};
  const auto time = latency.percentile(percent);
  return {time_text(time), static_cast<double>(time.count())};
}

Cell time_cell(std::optional<std::chrono::nanoseconds> time, Tone tone) {
  if (!time) return {"-", 0.0, Tone::quiet};
  if (time->count() == 0) return {"0", 0.0, Tone::quiet};
  return {time_text(*time), static_cast<double>(time->count()), tone};
}

std::unordered_map<std::uint64_t, double> cores_by_node(const ComparedSnapshot& look) {
  std::unordered_map<std::uint64_t, double> cores;
  for (std::size_t i = 0; i < look.bus.nodes.size(); ++i) cores.emplace(look.bus.nodes[i].id, look.processor[i]);
  return cores;
}

}  // namespace

Grid subscribers_grid(const ComparedSnapshot& look, const Style& style) {
  Grid grid{{{.heading = "TOPIC", .is_text = true, .least = 10},
             {.heading = "PROCESS", .is_text = true, .brief_rank = 6, .least = 8},
             {.heading = "PID", .rank = 5},
             {.heading = "STATE", .is_text = true, .rank = 1},
             {.heading = "MODE", .is_text = true, .rank = 4},
             {.heading = "LAG", .rank = 1},
             {.heading = "LAGTIME", .rank = 4},
             {.heading = "LOST", .rank = 2},
             {.heading = "P50", .rank = 7},
             {.heading = "P99", .rank = 3},
             {.heading = "P99.9", .rank = 7},
             {.heading = "EVENTS/S", .rank = 3},
             {.heading = "GATING", .rank = 8},
             {.heading = "DELIVERED", .rank = 9},
             {.heading = "WAKEUPS", .rank = 10},
             {.heading = "MISMATCHED", .rank = 12},
             {.heading = "ERRORS", .rank = 11}},
            {}};
  const tool::Bridges bridges{look.bus};
  const std::unordered_map<std::uint64_t, double> cores = cores_by_node(look);
  for (std::size_t t = 0; t < look.bus.topics.size(); ++t) {
    const TopicSnapshot& topic = look.bus.topics[t];
    for (std::size_t i = 0; i < topic.subscribers.size(); ++i) {
      const SubscriberSnapshot& s = topic.subscribers[i];
      const SubscriberRates& rates = look.topics[t].subscribers[i];
      const Latency& latency = style.whole_latency || !look.compared ? s.latency : rates.latency;
      const bool gates = s.gating_for.count() != 0;
      const auto core = cores.find(s.node);
      grid.rows.push_back(
          {row_id(topic, s),
           topic.info.name,
           {Cell{topic.info.name},
            process_cell(bridges, s.node, s.name, s.program),
            pid_cell(s.pid),
            Cell{state_text(s, core != cores.end() ? core->second : 0), state_tone(s)},
            Cell{tool::mode_text(s), s.demoted ? Tone::notice : Tone::plain},
            count_cell(s.lag, lag_tone(s)),
            time_cell(s.lag_time, lag_tone(s)),
            count_cell(s.lost, lost_tone(s.lost, rates.lost)),
            percentile_cell(latency, 50),
            percentile_cell(latency, 99),
            percentile_cell(latency, 99.9),
            rate_cell(look, rates.delivered, style.units),
            gates ? time_cell(s.gating_for, gating_tone(s.gating_for)) : Cell{"-", 0.0, Tone::quiet},
            count_cell(s.delivered),
            count_cell(s.wakeups),
            count_cell(s.mismatched, Tone::bad),
            count_cell(s.handler_errors, Tone::bad)}});
    }
  }
  return grid;
}

}  // namespace shmbus::top
