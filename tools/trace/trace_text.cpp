#include "trace_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "port_text.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "time_text.hpp"

namespace shmbus::tracing {
namespace {

using std::chrono::nanoseconds;

struct Lines {
  std::string_view branch, last, through, nothing, micro;
};
constexpr Lines utf8_lines{"├─ ", "└─ ", "│  ", "   ", "µs"};
constexpr Lines ascii_lines{"|- ", "`- ", "|  ", "   ", "us"};

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

/// One line of the tree before it is laid out.
struct Row {
  std::string front;   // lines of the tree
  std::string below;   // the same, for what goes on below
  std::string name;
  std::string waited, took;  // of a call that has ended
  std::string rest;
};

class Printer {
 public:
  Printer(const Trace& trace, const TextStyle& style)
      : trace_(trace), style_(style), lines_(style.utf8 ? utf8_lines : ascii_lines) {}

  std::string text() {
    find_namesakes();
    draw();
    for (const Row& row : rows_) {
      if (row.waited.empty()) continue;
      const std::size_t name = width_of(row.front) + width_of(row.name);
      if (name <= most_name()) name_width_ = std::max(name_width_, name);
      waited_width_ = std::max(waited_width_, width_of(row.waited));
      took_width_ = std::max(took_width_, width_of(row.took));
    }
    std::string out;
    for (const Row& row : rows_) print(out, row);
    for (const std::string& what : trace_.partial) wrap(out, "not whole: ", shown(what), "");
    return out;
  }

 private:
  std::size_t most_name() const { return style_.columns == 0 ? 60 : std::max<std::size_t>(style_.columns / 2, 20); }

  /// Safe for any terminal.
  std::string shown(std::string_view text) const {
    std::string safe = tool::printable(text);
    if (style_.utf8) return safe;
    std::string ascii;
    for (const char c : safe) {
      const auto byte = static_cast<unsigned char>(c);
      ascii += byte < 0x80 ? std::string{c} : fmt::format("\\x{:02x}", byte);
    }
    return ascii;
  }

  std::string length(nanoseconds length) const {
    const bool negative = length.count() < 0;
    if (length == nanoseconds::min()) length = -nanoseconds::max();
    std::string text = tool::duration_text(negative ? -length : length);
    if (text.ends_with("us")) text.replace(text.size() - 2, 2, lines_.micro);
    return negative ? "-" + text : text;
  }

  static std::string subscriber(const TracedCall& call) { return tool::process_text(call.subscriber, call.process.program); }

  /// Subscribers of one name in several processes are told apart by their pids.
  void find_namesakes() {
    std::unordered_map<std::string, std::uint64_t> first;
    for (const TracedCall& call : trace_.calls) {
      const std::string name = subscriber(call);
      const auto [at, is_new] = first.try_emplace(name, call.process.node);
      if (!is_new && at->second != call.process.node) namesakes_.insert_or_assign(name, true);
    }
  }

  /// The lines in front of a node. A tree that is deeper than the line is wide shows those of its lowest levels, and the
  /// number of the level.
  std::string indent(const std::vector<std::string_view>& levels, std::size_t depth) const {
    const std::size_t most = most_name() / 3 - 2;
    std::string text;
    std::size_t from = 0;
    if (levels.size() > most) {
      from = levels.size() - (most - 2);
      text = fmt::format("{:<6}", fmt::format("[{}]", depth));
    }
    for (std::size_t i = from; i < levels.size(); ++i) text += levels[i];
    return text;
  }

  void draw() {
    const std::vector<Node>& nodes = trace_.nodes;
    // What follows a node: whether a sibling of it does, found from the end.
    std::vector<bool> is_last(nodes.size(), true);
    std::vector<bool> has_child(nodes.size(), false);
    for (std::size_t i = nodes.size(); i-- > 0;) {
      if (nodes[i].parent == Node::none) continue;
      is_last[i] = !has_child[nodes[i].parent];
      has_child[nodes[i].parent] = true;
    }
    std::vector<std::string_view> levels;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const std::size_t depth = nodes[i].depth;
      levels.resize(depth == 0 ? 0 : depth - 1);
      Row row = nodes[i].kind == Node::Kind::event ? event_row(nodes[i]) : call_row(nodes[i]);
      if (depth != 0) {
        levels.push_back(is_last[i] ? lines_.last : lines_.branch);
        row.front = indent(levels, depth);
        levels.back() = is_last[i] ? lines_.nothing : lines_.through;
      }
      levels.push_back(has_child[i] ? lines_.through : lines_.nothing);
      row.below = indent(levels, depth);
      levels.pop_back();
      rows_.push_back(std::move(row));
    }
  }

  Row event_row(const Node& node) const {
    const TracedEvent& event = trace_.events[node.index];
    Row row;
    row.name = event.topic.empty() ? event.id.to_string() : fmt::format("{} #{}", shown(event.topic), event.id.sequence);
    std::vector<std::string> parts;
    if (node.depth == 0 && event.time != Time{}) parts.push_back(tool::clock_text(event.time, style_.now));
    if (event.publisher.known() && (node.depth == 0 || !under_call(node)))
      parts.push_back(fmt::format("{} (pid {})", shown(event.publisher.program), event.publisher.pid));
    if (event.taken_before) parts.push_back("(shown before)");
    if (!event.missing.empty() && !event.taken_before) parts.push_back("(not read)");
    if (!node.note.empty()) parts.push_back(fmt::format("({})", node.note));
    for (const std::string& part : parts) row.rest += (row.rest.empty() ? "" : "   ") + part;
    return row;
  }

  bool under_call(const Node& node) const {
    return node.parent != Node::none && trace_.nodes[node.parent].kind == Node::Kind::call;
  }

  Row call_row(const Node& node) const {
    const TracedCall& call = trace_.calls[node.index];
    Row row;
    row.name = shown(subscriber(call));
    if (namesakes_.contains(subscriber(call))) row.name += fmt::format("[{}]", call.process.pid);
    const Time published = event_above(node).time;
    row.waited = published == Time{} ? "?" : length(waited(published, call.began));
    if (call.died) {
      row.waited.clear();
      row.rest = fmt::format("RUNNING when it died (pid {}, began {}", call.process.pid, clock(call.began));
      if (call.recorder_ended)
        row.rest += fmt::format("; found dead {} later", length(time_between(call.began, *call.recorder_ended)));
      row.rest += ')';
    } else if (call.outcome == CallOutcome::running) {
      row.rest = fmt::format("running for {}", length(time_between(call.began, style_.now)));
    } else {
      row.took = call.ended ? length(time_between(call.began, *call.ended)) : "?";
      row.rest = to_string(call.outcome);
      if (call.outcome == CallOutcome::threw && !call.error.empty()) row.rest += fmt::format(" \"{}\"", shown(call.error));
    }
    return row;
  }

  /// Two clock readings of the same moment may differ by nanoseconds.
  static nanoseconds waited(Time published, Time began) {
    const nanoseconds time = time_between(published, began);
    return time < nanoseconds{0} && time > -std::chrono::microseconds{1} ? nanoseconds{0} : time;
  }

  const TracedEvent& event_above(const Node& node) const { return trace_.events[trace_.nodes[node.parent].index]; }

  /// Time of day to the millisecond.
  std::string clock(Time time) const {
    const std::string text = tool::clock_text(time, style_.now);
    return text.substr(0, text.size() - 3);
  }

  static void pad(std::string& text, std::size_t width) {
    const std::size_t now = width_of(text);
    if (now < width) text.append(width - now, ' ');
  }
  static std::string right(std::string_view text, std::size_t width) {
    const std::size_t now = width_of(text);
    return std::string(now < width ? width - now : 0, ' ').append(text);
  }

  void print(std::string& out, const Row& row) const {
    std::string line = row.front + row.name;
    std::string rest = row.rest;
    if (!row.waited.empty() || rest.starts_with("RUNNING")) {
      pad(line, name_width_);
      line += "  ";
    } else if (!rest.empty()) {
      line += "   ";
    }
    if (!row.waited.empty()) {
      std::string figures = fmt::format("waited {}", right(row.waited, waited_width_));
      figures += row.took.empty() ? "  " : fmt::format("  took {}  ", right(row.took, took_width_));
      if (style_.columns != 0 && width_of(line) + width_of(figures) > style_.columns) {
        end_line(out, line);
        line = row.below;
      }
      line += figures;
    }
    wrap(out, line, rest, row.below);
  }

  /// Adds the words of `rest` to the line, and goes on below where it is full.
  void wrap(std::string& out, std::string line, std::string_view rest, const std::string& below) const {
    if (style_.columns == 0) {
      end_line(out, line.append(rest));
      return;
    }
    const std::string front = below + "  ";
    bool begun = false;  // this line holds a word of `rest`
    bool on_below = false;
    std::size_t gap = 0;  // spaces in front of the next word
    while (!rest.empty()) {
      const std::string_view word = rest.substr(0, rest.find(' '));
      if (width_of(line) + gap + width_of(word) > style_.columns && (begun || !on_below)) {
        end_line(out, line);
        line = front;
        begun = false;
        on_below = true;
        gap = 0;
      }
      line.append(gap, ' ').append(word);
      begun = true;
      rest.remove_prefix(word.size());
      gap = std::min(rest.find_first_not_of(' '), rest.size());
      rest.remove_prefix(gap);
    }
    end_line(out, line);
  }

  static void end_line(std::string& out, std::string_view line) {
    while (line.ends_with(' ')) line.remove_suffix(1);
    out.append(line).append(1, '\n');
  }

  const Trace& trace_;
  const TextStyle& style_;
  const Lines& lines_;
  std::vector<Row> rows_;
  std::unordered_map<std::string, bool> namesakes_;
  std::size_t name_width_ = 0, waited_width_ = 0, took_width_ = 0;
};

}  // namespace

bool locale_is_utf8() {
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* const value = std::getenv(variable);
    if (value == nullptr || *value == '\0') continue;
    std::string name = value;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return name.find("utf-8") != std::string::npos || name.find("utf8") != std::string::npos;
  }
  return false;
}

std::string trace_text(const Trace& trace, const TextStyle& style) { return Printer{trace, style}.text(); }

}  // namespace shmbus::tracing
