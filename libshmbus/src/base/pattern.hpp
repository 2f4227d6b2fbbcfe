#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/topic_name.hpp"

namespace shmbus::base {

/// Whether a pattern covers a topic. Both texts may be any bytes. Allocates nothing.
bool covers(std::string_view pattern, std::string_view topic) noexcept;

/// A checked pattern, as subscribers use it: a topic name in which `*` matches one token, and a final `>` matches one
/// or more tokens.
class Pattern {
 public:
  /// Checks a pattern that a user gives. *Throws* Error, `invalid_name`.
  explicit Pattern(std::string_view text);
  /// Checks a pattern that was read from shared memory. Returns nothing where it is invalid.
  static std::optional<Pattern> parse(std::string_view text);

  const std::string& text() const noexcept { return text_; }

  bool covers(const TopicName& topic) const noexcept { return base::covers(text_, topic.text()); }
  bool has_wildcard() const noexcept { return text_.find_first_of("*>") != std::string::npos; }
  /// Returns the topic that it names, or nothing where it has a wildcard.
  std::optional<TopicName> topic() const { return TopicName::parse(text_); }

  friend auto operator<=>(const Pattern&, const Pattern&) = default;

 private:
  struct Valid {};
  Pattern(std::string_view text, Valid) : text_(text) {}

  std::string text_;
};

}  // namespace shmbus::base
