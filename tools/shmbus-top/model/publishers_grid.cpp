#include <fmt/format.h>

#include "model/alarm.hpp"
#include "model/pane_grids.hpp"
#include "model/row_id.hpp"

namespace shmbus::top {
namespace {

Cell state_of(const PublisherSnapshot& p) {
  if (p.alive && p.state == NodeState::alive && p.waiting_for.count() != 0)
    return {"waiting", gating_tone(p.waiting_for)};
  return {to_string(p.state), tone_of(p.state)};
}

/// A claim that the last snapshot did not show may belong to a publish that runs just now.
Cell claim_cell(const PublisherSnapshot& p) {
  if (!p.claim_open) return {"-", 0.0, Tone::quiet};
  if (p.claim_age.count() == 0) return {"open", 1.0};
  return {time_text(p.claim_age), static_cast<double>(p.claim_age.count()),
          p.claim_age >= alarm_after ? Tone::notice : Tone::plain};
}

}  // namespace

Grid publishers_grid(const ComparedSnapshot& look, const Style& style) {
  Grid grid{{{.heading = "TOPIC", .is_text = true, .least = 10},
             {.heading = "PROCESS", .is_text = true, .least = 8},
             {.heading = "PID", .rank = 5},
             {.heading = "STATE", .is_text = true, .rank = 1},
             {.heading = "EVENTS/S", .rank = 1},
             {.heading = "BYTES/S", .rank = 4},
             {.heading = "WAITS", .rank = 6},
             {.heading = "WAITING", .rank = 2},
             {.heading = "CLAIM", .rank = 3},
             {.heading = "PUBLISHED", .rank = 7},
             {.heading = "BYTES", .rank = 8}},
            {}};
  const tool::Bridges bridges{look.bus};
  for (std::size_t t = 0; t < look.bus.topics.size(); ++t) {
    const TopicSnapshot& topic = look.bus.topics[t];
    for (std::size_t i = 0; i < topic.publishers.size(); ++i) {
      const PublisherSnapshot& p = topic.publishers[i];
      const PublisherRates& rates = look.topics[t].publishers[i];
      const bool waits = p.waiting_for.count() != 0;
      grid.rows.push_back(
          {row_id(topic, p),
           topic.info.name,
           {Cell{topic.info.name},
            process_cell(bridges, p.node, {}, p.program),
            pid_cell(p.pid),
            state_of(p),
            rate_cell(look, rates.published, style.units),
            {look.compared ? bytes_text(rates.bytes, style.units) : "-", rates.bytes,
             rates.bytes == 0 ? Tone::quiet : Tone::plain},
            count_cell(p.waits),
            waits ? Cell{time_text(p.waiting_for), static_cast<double>(p.waiting_for.count()),
                         gating_tone(p.waiting_for)}
                  : Cell{"-", 0.0, Tone::quiet},
            claim_cell(p),
            count_cell(p.published),
            bytes_cell(static_cast<double>(p.bytes), style.units)}});
    }
  }
  return grid;
}

}  // namespace shmbus::top
