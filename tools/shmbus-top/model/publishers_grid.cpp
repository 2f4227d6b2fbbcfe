#include <fmt/format.h>

#include "model/pane_grids.hpp"

namespace shmbus::top {
namespace {

Cell state_of(const PublisherSnapshot& p) {
  if (p.alive && p.state == NodeState::alive && p.waiting_for.count() != 0) return {"waiting", Tone::bad};
  return {to_string(p.state), tone_of(p.state)};
}

/// A claim that the look before did not show is merely passing, as far as anybody can tell.
Cell claim_cell(const PublisherSnapshot& p) {
  if (!p.claim_open) return {"-", 0.0, Tone::quiet};
  if (p.claim_age.count() == 0) return {"open", 1.0};
  return {time_text(p.claim_age), static_cast<double>(p.claim_age.count()), Tone::notice};
}

}  // namespace

Grid publishers_grid(const Look& look, const Style& style) {
  Grid grid{{{"TOPIC", true, 10},
             {"PROCESS", true, 8},
             {"PID"},
             {"STATE", true},
             {"EVENTS/S"},
             {"BYTES/S"},
             {"WAITS"},
             {"WAITING"},
             {"CLAIM"},
             {"PUBLISHED"},
             {"BYTES"}},
            {},
            9};
  for (std::size_t t = 0; t < look.bus.topics.size(); ++t) {
    const TopicSnapshot& topic = look.bus.topics[t];
    for (std::size_t i = 0; i < topic.publishers.size(); ++i) {
      const PublisherSnapshot& p = topic.publishers[i];
      const PublisherRates& rates = look.topics[t].publishers[i];
      const bool waits = p.waiting_for.count() != 0;
      grid.rows.push_back(
          {fmt::format("{} {} {}", topic.info.id, p.port, p.node),
           topic.info.name,
           {Cell{topic.info.name},
            process_cell({}, p.program),
            pid_cell(p.pid),
            state_of(p),
            rate_cell(look, rates.published, style.units),
            {look.compared ? bytes_text(rates.bytes, style.units) : "-", rates.bytes,
             rates.bytes == 0 ? Tone::quiet : Tone::plain},
            count_cell(p.waits, rates.waits > 0 ? Tone::bad : Tone::notice),
            waits ? Cell{time_text(p.waiting_for), static_cast<double>(p.waiting_for.count()), Tone::bad}
                  : Cell{"-", 0.0, Tone::quiet},
            claim_cell(p),
            count_cell(p.published),
            bytes_cell(static_cast<double>(p.bytes), style.units)}});
    }
  }
  return grid;
}

}  // namespace shmbus::top
