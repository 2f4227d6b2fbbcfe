#include <fmt/format.h>

#include <algorithm>

#include "event_extras.hpp"
#include "model/pages.hpp"
#include "payload_text.hpp"
#include "port_text.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "time_text.hpp"
#include "topic_table.hpp"

namespace shmbus::top {
namespace {

constexpr std::size_t most_lines = 16;  // of one payload

std::string publisher_text(const TopicSnapshot& topic, unsigned port) {
  const auto found = std::find_if(topic.publishers.begin(), topic.publishers.end(),
                                  [&](const PublisherSnapshot& p) { return p.port == port; });
  if (found == topic.publishers.end()) return fmt::format("publisher {}, which is gone", port);
  return fmt::format("{} ({})", tool::printable(found->program), found->pid);
}

void add_event(std::vector<Line>& page, const TopicSnapshot& topic, const EventSnapshot& event, std::size_t width) {
  Line& head = page.emplace_back();
  head.add(fmt::format("#{}", event.sequence), Tone::strong);
  if (event.time != Time{}) head.add(fmt::format("  {}", tool::rfc3339(event.time).substr(11, 15)));
  head.add(fmt::format("  {}  {}", publisher_text(topic, event.publisher), tool::counted(event.size, "byte")),
           Tone::quiet);
  for (const std::string& line : tool::extra_lines(tool::extras_of(event), width - 2))
    page.emplace_back().add("  " + line, Tone::quiet);
  const std::vector<std::string> lines = tool::payload_lines(event.payload, topic.info, width - 2);
  const std::size_t shown = std::min(lines.size(), most_lines);
  for (std::size_t i = 0; i < shown; ++i) page.emplace_back().add("  " + lines[i]);
  if (shown < lines.size() || event.size > event.payload.size())
    page.emplace_back().add(fmt::format("  ... shmbus tail -n 1 {} prints all of the newest event", topic.info.name),
                            Tone::quiet);
}

}  // namespace

std::vector<Line> events_page(const ComparedSnapshot& look, std::string_view topic, std::span<const EventSnapshot> events,
                              std::size_t width) {
  std::vector<Line> page;
  const auto found = std::find_if(look.bus.topics.begin(), look.bus.topics.end(),
                                  [&](const TopicSnapshot& t) { return t.info.name == topic; });
  if (found == look.bus.topics.end()) {
    page.emplace_back().add(fmt::format("topic {} was removed", topic), Tone::notice);
    return page;
  }
  page.emplace_back()
      .add(found->info.name, Tone::strong)
      .add(fmt::format("  {}; newest first, UTC", tool::content_text(found->info)),
           Tone::quiet);
  if (events.empty())
    page.emplace_back().add(
        found->oldest == 0 ? "no events yet" : "no event can be read: this user may not read the topic's log",
        found->oldest == 0 ? Tone::quiet : Tone::notice);
  for (auto event = events.rbegin(); event != events.rend(); ++event) add_event(page, *found, *event, width);
  return page;
}

}  // namespace shmbus::top
