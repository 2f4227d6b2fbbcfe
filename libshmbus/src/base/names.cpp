#include "base/names.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "shmbus/error.hpp"

namespace shmbus::base {

namespace {

constexpr std::string_view kAllowed = "[A-Za-z0-9_-]", kControlSuffix = ".ctl";

bool allowed(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool is_token(std::string_view token) noexcept {
  return !token.empty() && std::all_of(token.begin(), token.end(), allowed);
}

[[noreturn]] void refuse(const std::string& kind, std::string_view name, const std::string& expected,
                         const std::string& found, const std::string& remedy) {
  throw Error(ErrorCode::invalid_name, {kind + " " + quoted(name), expected, found, remedy});
}

/// Calls `wrong(token, last)` for each token; the first that is wrong ends it.
template <class Wrong>
bool any_token(std::string_view name, Wrong wrong) {
  for (;;) {
    const std::size_t dot = name.find('.');
    const bool last = dot == std::string_view::npos;
    if (wrong(name.substr(0, dot), last)) return true;
    if (last) return false;
    name.remove_prefix(dot + 1);
  }
}

void check_length(const std::string& kind, std::string_view name, std::size_t limit) {
  if (name.empty()) refuse(kind, name, "at least one character", "none", "give it a name");
  if (name.size() > limit) {
    refuse(kind, name, "at most " + std::to_string(limit) + " bytes", std::to_string(name.size()) + " bytes",
           "shorten it");
  }
}

}  // namespace

std::string quoted(std::string_view name) {
  constexpr std::size_t kShown = 160;  // an error text is for reading
  std::string text = "'";
  for (char c : name.substr(0, kShown)) text += c >= ' ' && c != 127 ? c : '?';
  return text + (name.size() > kShown ? "...'" : "'");
}

void check_bus_name(std::string_view name) {
  check_length("bus name", name, kMaxBusName);
  const auto bad = std::find_if_not(name.begin(), name.end(), allowed);
  if (bad != name.end()) {
    refuse("bus name", name, "characters of " + std::string(kAllowed), quoted(std::string_view(&*bad, 1)),
           "use letters, digits, '_' and '-' only");
  }
}

void check_topic_name(std::string_view name) {
  check_length("topic name", name, kMaxTopicName);
  any_token(name, [&](std::string_view token, bool) {
    if (is_token(token)) return false;
    refuse("topic name", name, "tokens of " + std::string(kAllowed) + "+ joined by dots",
           token.empty() ? "an empty token" : "the token " + quoted(token),
           token == "*" || token == ">" ? "patterns are for subscribers; publish to one topic"
                                        : "rename it, for example 'video.watch_started'");
  });
}

bool is_topic_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kMaxTopicName &&
         !any_token(name, [](std::string_view token, bool) { return !is_token(token); });
}

void check_pattern(std::string_view pattern) {
  check_length("pattern", pattern, kMaxTopicName);
  any_token(pattern, [&](std::string_view token, bool last) {
    if (is_token(token) || token == "*" || (token == ">" && last)) return false;
    refuse("pattern", pattern,
           "tokens of " + std::string(kAllowed) + "+, '*' for one token, '>' at the end for the rest",
           token.empty()  ? "an empty token"
           : token == ">" ? "'>' before the end"
                          : "the token " + quoted(token),
           "write it as 'video.*' or 'video.>'");
  });
}

bool matches(std::string_view pattern, std::string_view topic) noexcept {
  for (;;) {
    const std::size_t pattern_dot = pattern.find('.');
    const std::size_t topic_dot = topic.find('.');
    const std::string_view token = pattern.substr(0, pattern_dot);
    if (token == ">") return true;
    if (token != "*" && token != topic.substr(0, topic_dot)) return false;
    const bool pattern_ends = pattern_dot == std::string_view::npos;
    const bool topic_ends = topic_dot == std::string_view::npos;
    if (pattern_ends || topic_ends) return pattern_ends && topic_ends;
    pattern.remove_prefix(pattern_dot + 1);
    topic.remove_prefix(topic_dot + 1);
  }
}

bool has_wildcard(std::string_view pattern) noexcept { return pattern.find_first_of("*>") != std::string_view::npos; }

std::string bus_object(const std::string& bus) { return "bus '" + bus + "'"; }

std::string topic_object(const std::string& topic) { return "topic '" + topic + "'"; }

std::string bus_prefix(std::string_view bus) { return "shmbus." + std::string(bus) + "."; }

std::string registry_name(std::string_view bus) { return bus_prefix(bus) + "registry"; }

std::string control_name(std::string_view bus, std::string_view topic) {
  return bus_prefix(bus) + std::string(topic).append(kControlSuffix);
}

std::string log_name(std::string_view bus, std::string_view topic, std::uint64_t node, std::uint64_t id) {
  char text[48];
  std::snprintf(text, sizeof text, ".log.%llu.%016llx", static_cast<unsigned long long>(node),
                static_cast<unsigned long long>(id));
  return bus_prefix(bus) + std::string(topic) + text;
}

std::string removed_name(std::string_view bus, std::uint64_t random) {
  return bus_prefix(bus) + "~" + std::to_string(random);  // '~' is in no topic's name
}

std::optional<std::string> parse_control_name(std::string_view bus, std::string_view file) {
  const std::string prefix = bus_prefix(bus);
  if (file.size() <= prefix.size() + kControlSuffix.size() || !file.starts_with(prefix) ||
      !file.ends_with(kControlSuffix))
    return std::nullopt;
  return std::string(file.substr(prefix.size(), file.size() - prefix.size() - kControlSuffix.size()));
}

std::optional<LogName> parse_log_name(std::string_view bus, std::string_view file) {
  const std::string prefix = bus_prefix(bus);
  const std::size_t mark = file.rfind(".log.");
  if (!file.starts_with(prefix) || mark == std::string_view::npos || mark < prefix.size()) return std::nullopt;
  LogName name;
  name.topic = file.substr(prefix.size(), mark - prefix.size());
  const char* const end = file.data() + file.size();
  const auto node = std::from_chars(file.data() + mark + 5, end, name.node);
  if (node.ec != std::errc{} || node.ptr == end || *node.ptr != '.') return std::nullopt;
  const auto id = std::from_chars(node.ptr + 1, end, name.id, 16);
  if (id.ec != std::errc{} || id.ptr != end) return std::nullopt;
  return name;
}

}  // namespace shmbus::base
