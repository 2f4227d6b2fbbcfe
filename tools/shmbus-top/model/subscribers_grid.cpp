#include <fmt/format.h>

#include "model/pane_grids.hpp"
#include "port_text.hpp"

namespace shmbus::top {
namespace {

Cell state_of(const SubscriberSnapshot& s) {
  const char* text = to_string(s.state);
  switch (s.state) {
    case SubscriberState::spinning:
      return {text, Tone::good};
    case SubscriberState::sleeping:
      return {text, Tone::quiet};
    case SubscriberState::lapped:
    case SubscriberState::stopped:
      return {text, Tone::notice};
    case SubscriberState::gating:
    case SubscriberState::dead:
      break;
  }
  return {text, Tone::bad};
}

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

}  // namespace

Grid subscribers_grid(const Look& look, const Style& style) {
  Grid grid{{{"TOPIC", true, 10},
             {"PROCESS", true, 8},
             {"PID"},
             {"STATE", true},
             {"MODE", true},
             {"LAG"},
             {"LAGTIME"},
             {"LOST"},
             {"P50"},
             {"P99"},
             {"P99.9"},
             {"EVENTS/S"},
             {"GATING"},
             {"DELIVERED"},
             {"WAKEUPS"},
             {"MISMATCHED"},
             {"ERRORS"}},
            {},
            11};
  for (std::size_t t = 0; t < look.bus.topics.size(); ++t) {
    const TopicSnapshot& topic = look.bus.topics[t];
    for (std::size_t i = 0; i < topic.subscribers.size(); ++i) {
      const SubscriberSnapshot& s = topic.subscribers[i];
      const SubscriberRates& rates = look.topics[t].subscribers[i];
      const Latency& latency = style.whole_latency || !look.compared ? s.latency : rates.latency;
      const bool gates = s.gating_for.count() != 0;
      grid.rows.push_back(
          {fmt::format("{} {} {}", topic.info.id, s.port, s.node),
           topic.info.name,
           {Cell{topic.info.name}, process_cell(s.name, s.program), pid_cell(s.pid), state_of(s),
            Cell{tool::mode_text(s), s.demoted ? Tone::notice : Tone::plain},
            count_cell(s.lag, s.lapped_now || s.gating ? Tone::bad : Tone::notice), time_cell(s.lag_time, Tone::notice),
            count_cell(s.lost, rates.lost > 0 ? Tone::bad : Tone::notice), percentile_cell(latency, 50),
            percentile_cell(latency, 99), percentile_cell(latency, 99.9), rate_cell(look, rates.delivered, style.units),
            gates ? time_cell(s.gating_for, Tone::bad) : Cell{"-", 0.0, Tone::quiet}, count_cell(s.delivered),
            count_cell(s.wakeups), count_cell(s.mismatched, Tone::bad), count_cell(s.handler_errors, Tone::bad)}});
    }
  }
  return grid;
}

}  // namespace shmbus::top
