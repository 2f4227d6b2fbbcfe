#include <fmt/format.h>

#include <algorithm>

#include "bridge.hpp"
#include "journal_text.hpp"
#include "model/history.hpp"
#include "model/pages.hpp"
#include "model/ring_picture.hpp"
#include "model/table_lines.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "topic_table.hpp"
#include "unattached_text.hpp"

namespace shmbus::top {
namespace {

void add_fact(std::vector<Line>& page, std::string_view name, std::string text, Tone tone = Tone::plain) {
  page.emplace_back().add(fit(name, 11), Tone::quiet).add(std::move(text), tone);
}

void add_journal(std::vector<Line>& page, const TopicSnapshot& t, const Style& style) {
  const JournalSnapshot& j = *t.journal;
  const Tone tone = tool::in_trouble(j) ? Tone::bad : Tone::plain;
  add_fact(page, "journal",
           fmt::format("{}, {}{}", tool::journal_text(t.info.journal), tool::journal_state_text(j),
                       tool::journal_gate_text(t)),
           tone);
  add_fact(page, "recorder", tool::recorder_text(j));
  add_fact(page, "recorded",
           fmt::format("up to {}, {} behind; durable up to {}, {} behind", j.recorded, j.unrecorded, j.durable,
                       j.not_durable),
           tone);
  add_fact(page, "on disk",
           fmt::format("{} in {}, from number {}", bytes_text(static_cast<double>(j.files_bytes), style.units),
                       tool::counted(j.files, "file"), j.first_held));
}

void add_facts(std::vector<Line>& page, const TopicSnapshot& t, const BusSnapshot& bus, const TopicRates& rates,
               bool compared, const Style& style) {
  const auto bytes = [&](std::uint64_t n) { return bytes_text(static_cast<double>(n), style.units); };
  const TopicInfo& info = t.info;
  page.emplace_back().add("topic      ", Tone::quiet).add(info.name, Tone::strong);
  add_fact(page, "type",
           fmt::format("{}, {} writers, payload up to {}", tool::content_text(info),
                       info.writers == Writers::exclusive ? "exclusive" : "shared", bytes(info.max_payload)));
  add_fact(page, "published", fmt::format("{} events, {} of log", t.published, bytes(t.bytes)));
  add_fact(page, "retained",
           t.oldest == 0 ? "none"
                         : fmt::format("{}, from number {}, in {} of memory", tool::counted(tool::retained(t), "event"),
                                       t.oldest, bytes(t.memory)));
  add_fact(page, "blocks",
           fmt::format("{} of {}, {} opened so far, {} dropped early", info.blocks, bytes(info.block_size),
                       t.opened_blocks, t.dropped_blocks),
           t.dropped_blocks != 0 ? Tone::notice : Tone::plain);
  if (t.repaired_claims != 0 || t.repaired_ports != 0)
    add_fact(page, "repaired",
             fmt::format("{} and {} of dead processes", tool::counted(t.repaired_claims, "claim"),
                         tool::counted(t.repaired_ports, "port")),
             Tone::notice);
  if (t.journal) add_journal(page, t, style);
  const tool::Bridges bridges{bus};
  for (const SubscriptionSnapshot& s : bus.subscriptions) {
    for (const UnattachedSnapshot& missing : s.unattached) {
      if (missing.topic == info.name && s.state != NodeState::dead)
        add_fact(
            page, "unread by",
            fmt::format("{} (pid {}), which matches it as '{}': {}", bridges.process_text(s.node, s.name, s.program),
                        s.pid, tool::printable(s.pattern), tool::reason_text(missing)),
            Tone::bad);
    }
  }
  add_fact(page, "rate",
           compared ? fmt::format("{} events/s, {}/s", rate_text(rates.published, style.units),
                                  bytes_text(rates.bytes, style.units))
                    : "-",
           Tone::strong);
}

void add_history(std::vector<Line>& page, std::span<const double> rates, const PageStyle& style) {
  if (rates.empty()) return;
  const std::size_t room = style.width > 31 ? style.width - 31 : 10;
  const auto shown = rates.last(std::min(rates.size(), room));
  const double most = *std::max_element(shown.begin(), shown.end());
  page.emplace_back()
      .add("           ")
      .add(sparkline(shown, room, style.utf8), Tone::good)
      .add(fmt::format(" most {}", rate_text(most, style.style.units)), Tone::quiet);
}

void add_ring(std::vector<Line>& page, const TopicSnapshot& topic, const RingSnapshot& ring, std::size_t width) {
  std::string name = "ring       ";
  const auto add = [&](Line line) {
    line.spans.insert(line.spans.begin(), Span{name, Tone::quiet});
    page.push_back(std::move(line));
    name.assign(name.size(), ' ');
  };
  // Room for the names of readers beside it.
  for (Line& line : ring_picture(topic, ring, width > 60 ? width - 50 : 14)) add(std::move(line));
  add(ring_legend());
}

void add_table(std::vector<Line>& page, Pane pane, const ComparedSnapshot& look, std::string_view topic,
               const PageStyle& style) {
  Grid grid = grid_of(pane, look, style.style);
  keep_topic(grid, topic);
  // The head of the page names the topic already.
  grid.columns.erase(grid.columns.begin());
  for (Row& row : grid.rows) row.cells.erase(row.cells.begin());
  page.emplace_back();
  if (grid.rows.empty()) {
    page.emplace_back().add(fmt::format("no {}", to_string(pane)), Tone::quiet);
    return;
  }
  const Order none{.column = grid.columns.size()};
  const TableLines table{
      grid, none, {.width = style.width, .skip = std::min(style.skip, grid.columns.size() - 2), .utf8 = style.utf8}};
  page.push_back(table.heading());
  for (std::size_t i = 0; i < grid.rows.size(); ++i) page.push_back(table.row(i));
}

}  // namespace

std::vector<Line> detail_page(const ComparedSnapshot& look, std::string_view topic, const RingSnapshot* ring,
                              std::span<const double> rates, const PageStyle& style) {
  std::vector<Line> page;
  const auto found = std::find_if(look.bus.topics.begin(), look.bus.topics.end(),
                                  [&](const TopicSnapshot& t) { return t.info.name == topic; });
  if (found == look.bus.topics.end()) {
    page.emplace_back().add(fmt::format("topic {} was removed", topic), Tone::notice);
    return page;
  }
  if (!found->problem.empty()) {
    page.emplace_back().add(tool::printable(found->problem), Tone::bad);
    return page;
  }
  const TopicRates& now = look.topics[static_cast<std::size_t>(found - look.bus.topics.begin())];
  add_facts(page, *found, look.bus, now, look.compared, style.style);
  add_history(page, rates, style);
  page.emplace_back();
  if (ring != nullptr)
    add_ring(page, *found, *ring, style.width);
  else
    add_fact(page, "ring", "can't be read", Tone::notice);
  add_table(page, Pane::subscribers, look, topic, style);
  add_table(page, Pane::publishers, look, topic, style);
  return page;
}

}  // namespace shmbus::top
