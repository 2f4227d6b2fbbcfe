#include "model/ring_picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "model/alarm.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "ring_marks.hpp"

namespace shmbus::top {
namespace {

/// From the least important mark to the most important one.
constexpr std::string_view ranks = ".=wrp!";

Tone tone_of(char mark) {
  switch (mark) {
    case '!':
      return Tone::bad;
    case 'p':
      return Tone::good;
    case 'r':
      return Tone::notice;
    case 'w':
      return Tone::strong;
    case '=':
      return Tone::plain;
    default:
      return Tone::quiet;
  }
}

/// Some neighbours of the ring, in one character.
struct Group {
  char mark = '.';
  std::uint64_t inside = 0;  // subscriber ports

  void add(const BlockSnapshot& block) {
    const char its = tool::block_mark(block);
    if (ranks.find(its) > ranks.find(mark)) mark = its;
    inside |= block.pinned_by | block.retained_by;
  }
};

std::vector<Group> groups_of(const std::vector<BlockSnapshot>& blocks, std::size_t width) {
  const std::size_t each = std::max<std::size_t>(1, (blocks.size() + width - 1) / std::max<std::size_t>(1, width));
  std::vector<Group> groups((blocks.size() + each - 1) / each);
  for (std::size_t i = 0; i < blocks.size(); ++i) groups[i / each].add(blocks[i]);
  return groups;
}

std::string reader_text(const SubscriberSnapshot& s) {
  std::string text = fmt::format("{} ({}) {}", tool::printable(s.name.empty() ? s.program : s.name), s.pid,
                                 state_text(s, 0));
  if (s.lag != 0) text += fmt::format(", {} behind", s.lag);
  if (s.gating) text += fmt::format(", holds publishers back {}", tool::duration_text(s.gating_for));
  if (!s.retained_blocks.empty())
    text += fmt::format(", keeps events in {}", tool::counted(s.retained_blocks.size(), "block"));
  return text;
}

Tone tone_of(const SubscriberSnapshot& s) {
  if (!s.alive) return Tone::bad;
  if (s.gating) return gating_tone(s.gating_for);
  return s.lapped_now ? Tone::notice : Tone::plain;
}

}  // namespace

std::vector<Line> ring_picture(const TopicSnapshot& topic, const RingSnapshot& ring, std::size_t width) {
  const std::vector<Group> groups = groups_of(tool::by_age(ring), width);
  std::vector<Line> lines(1);
  for (const Group& group : groups) lines[0].add(std::string(1, group.mark), tone_of(group.mark));
  if (!ring.outside.empty()) {
    lines[0].add("  left the ring: ", Tone::notice);
    for (const BlockSnapshot& block : ring.outside) {
      const char mark = tool::block_mark(block);
      lines[0].add(std::string(1, mark), tone_of(mark));
    }
  }
  for (const SubscriberSnapshot& s : topic.subscribers) {
    std::string marks;
    for (const Group& group : groups) marks += (group.inside >> s.port & 1) != 0 ? '^' : ' ';
    if (marks.find('^') == std::string::npos) {
      const bool outside = std::any_of(ring.outside.begin(), ring.outside.end(), [&](const BlockSnapshot& block) {
        return ((block.pinned_by | block.retained_by) >> s.port & 1) != 0;
      });
      if (!outside) continue;
    }
    lines.emplace_back().add(marks + "  ").add(reader_text(s), tone_of(s));
  }
  return lines;
}

Line ring_legend() {
  Line line;
  const auto explain = [&](char mark, std::string_view what) {
    line.add(std::string(1, mark), tone_of(mark)).add(fmt::format(" {}  ", what), Tone::quiet);
  };
  explain('.', "free");
  explain('=', "retained");
  explain('p', "pinned");
  explain('r', "events kept");
  explain('!', "gating");
  explain('w', "newest");
  return line;
}

}  // namespace shmbus::top
