#include "base/topic_name.hpp"

#include "base/name_rules.hpp"
#include "base/quoted.hpp"

namespace shmbus::base {

TopicName::TopicName(std::string_view text) : text_(text) {
  check_name_length("topic name", text, kMaxTopicName);
  any_token(text, [&](std::string_view token, bool) {
    if (is_token(token)) return false;
    refuse_name("topic name", text, "tokens of " + std::string(kNameCharacters) + "+ joined by dots",
                token.empty() ? "an empty token" : "the token " + quoted(token),
                token == "*" || token == ">" ? "patterns are for subscribers; publish to one topic"
                                             : "rename it, for example 'video.watch_started'");
  });
}

std::optional<TopicName> TopicName::parse(std::string_view text) {
  const bool valid = !text.empty() && text.size() <= kMaxTopicName &&
                     !any_token(text, [](std::string_view token, bool) { return !is_token(token); });
  return valid ? std::optional(TopicName(text, Valid{})) : std::nullopt;
}

std::string TopicName::object() const { return "topic '" + text_ + "'"; }

}  // namespace shmbus::base
