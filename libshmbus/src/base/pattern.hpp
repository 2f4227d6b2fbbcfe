#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/topic_name.hpp"

namespace shmbus::base {

/// Whether a pattern covers a topic, by their texts, which may be any bytes. It needs no memory of its own.
bool covers(std::string_view pattern, std::string_view topic) noexcept;

/// What a subscriber asks for, checked: a topic's name in which `*` stands for one token, and `>` as the last one for
/// one or more.
class Pattern {
 public:
  /// A pattern as a user gives it. *Throws* Error, `invalid_name`.
  explicit Pattern(std::string_view text);
  /// A pattern that was read from shared memory. Returns nothing where it is invalid.
  static std::optional<Pattern> parse(std::string_view text);

  const std::string& text() const noexcept { return text_; }

  bool covers(const TopicName& topic) const noexcept { return base::covers(text_, topic.text()); }
  bool has_wildcard() const noexcept { return text_.find_first_of("*>") != std::string::npos; }
  /// The one topic that it names. Returns nothing where it has a wildcard.
  std::optional<TopicName> topic() const { return TopicName::parse(text_); }

  friend auto operator<=>(const Pattern&, const Pattern&) = default;

 private:
  struct Valid {};
  Pattern(std::string_view text, Valid) : text_(text) {}

  std::string text_;
};

}  // namespace shmbus::base
