#include "base/pattern.hpp"

#include "base/name_rules.hpp"
#include "base/quoted.hpp"
#include "shmbus/pattern.hpp"

namespace shmbus::base {

namespace {

bool is_pattern_token(std::string_view token, bool last) noexcept {
  return is_token(token) || token == "*" || (token == ">" && last);
}

}  // namespace

bool covers(std::string_view pattern, std::string_view topic) noexcept {
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

Pattern::Pattern(std::string_view text) : text_(text) {
  check_name_length("pattern", text, kMaxTopicName);
  any_token(text, [&](std::string_view token, bool last) {
    if (is_pattern_token(token, last)) return false;
    refuse_name("pattern", text,
                "tokens of " + std::string(kNameCharacters) + "+, '*' for one token, '>' at the end for the rest",
                token.empty()  ? "an empty token"
                : token == ">" ? "'>' before the end"
                               : "the token " + quoted(token),
                "write it as 'video.*' or 'video.>'");
  });
}

std::optional<Pattern> Pattern::parse(std::string_view text) {
  const bool valid = !text.empty() && text.size() <= kMaxTopicName &&
                     !any_token(text, [](std::string_view token, bool last) { return !is_pattern_token(token, last); });
  return valid ? std::optional(Pattern(text, Valid{})) : std::nullopt;
}

}  // namespace shmbus::base

namespace shmbus {

bool matches(std::string_view pattern, std::string_view topic) {
  const base::Pattern valid(pattern);
  const auto name = base::TopicName::parse(topic);
  return name && valid.covers(*name);
}

}  // namespace shmbus
