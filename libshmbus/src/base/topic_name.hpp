#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace shmbus::base {

/// A checked topic name: tokens `[A-Za-z0-9_-]+` joined by dots, at most 127 bytes.
class TopicName {
 public:
  /// Checks a name that a user gives. *Throws* Error, `invalid_name`.
  explicit TopicName(std::string_view text);
  /// Checks a name that was read from shared memory or a file's name. Returns nothing where it is invalid.
  static std::optional<TopicName> parse(std::string_view text);

  const std::string& text() const noexcept { return text_; }
  /// Returns what error texts call the topic: "topic 'name'".
  std::string object() const;

  friend auto operator<=>(const TopicName&, const TopicName&) = default;

 private:
  struct Valid {};
  TopicName(std::string_view text, Valid) : text_(text) {}

  std::string text_;
};

}  // namespace shmbus::base
