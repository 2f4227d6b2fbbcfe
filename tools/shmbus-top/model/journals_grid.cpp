#include <chrono>

#include "journal_text.hpp"
#include "model/alarm.hpp"
#include "model/pane_grids.hpp"
#include "model/row_id.hpp"
#include "printable_text.hpp"

namespace shmbus::top {
namespace {

Cell state_of(const JournalSnapshot& j) {
  if (j.state != RecorderState::recording) {
    const char* const text = j.state == RecorderState::none ? "nobody" : to_string(j.state);
    return {text, tool::in_trouble(j) ? Tone::bad : Tone::notice};
  }
  if (j.holding) return {"holding", Tone::bad};
  if (!j.holds) return {"passed", Tone::notice};
  return {to_string(j.state), Tone::good};
}

Cell sync_cell(const ComparedSnapshot& look, const JournalRates& rates) {
  if (!look.compared || rates.sync_time.count() == 0) return {"-", 0.0, Tone::quiet};
  return {time_text(rates.sync_time), static_cast<double>(rates.sync_time.count())};
}

Row journal_row(const ComparedSnapshot& look, std::size_t i, const tool::Bridges& bridges, const Style& style) {
  const TopicSnapshot& topic = look.bus.topics[i];
  const JournalSnapshot& j = *topic.journal;
  const JournalRates& rates = look.topics[i].journal;
  const bool recorder = j.node != 0 && j.alive;
  const Tone behind = tool::in_trouble(j) ? Tone::bad : Tone::plain;
  return {journal_row_id(topic),
          topic.info.name,
          {Cell{topic.info.name},
           state_of(j),
           recorder ? process_cell(bridges, j.node, {}, j.program) : Cell{"-", Tone::quiet},
           recorder ? pid_cell(j.pid) : Cell{"-", 0.0, Tone::quiet},
           count_cell(j.unrecorded, behind),
           count_cell(j.not_durable, behind),
           rate_cell(look, rates.recorded, style.units),
           {look.compared ? bytes_text(rates.bytes, style.units) : "-", rates.bytes,
            rates.bytes == 0 ? Tone::quiet : Tone::plain},
           sync_cell(look, rates),
           count_cell(j.missing, Tone::notice),
           count_cell(j.failures, Tone::notice),
           bytes_cell(static_cast<double>(j.files_bytes), style.units),
           count_cell(j.files),
           bytes_cell(static_cast<double>(j.free_bytes), style.units),
           Cell{tool::journal_text(topic.info.journal)}}};
}

}  // namespace

Grid journals_grid(const ComparedSnapshot& look, const Style& style) {
  Grid grid{{{.heading = "TOPIC", .is_text = true, .least = 10},
             {.heading = "STATE", .is_text = true, .rank = 1},
             {.heading = "RECORDER", .is_text = true, .rank = 3, .brief_rank = 6, .least = 8},
             {.heading = "PID", .rank = 6},
             {.heading = "UNRECORDED", .rank = 1},
             {.heading = "NOTDURABLE", .rank = 1},
             {.heading = "EVENTS/S", .rank = 3},
             {.heading = "BYTES/S", .rank = 7},
             {.heading = "SYNC", .rank = 5},
             {.heading = "MISSING", .rank = 2},
             {.heading = "FAILURES", .rank = 8},
             {.heading = "SIZE", .rank = 4},
             {.heading = "FILES", .rank = 10},
             {.heading = "FREE", .rank = 9},
             {.heading = "POLICY", .is_text = true, .rank = 7}},
            {}};
  const tool::Bridges bridges{look.bus};
  for (std::size_t i = 0; i < look.bus.topics.size(); ++i) {
    if (look.bus.topics[i].journal) grid.rows.push_back(journal_row(look, i, bridges, style));
  }
  return grid;
}

}  // namespace shmbus::top
