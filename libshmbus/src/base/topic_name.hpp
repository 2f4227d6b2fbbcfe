#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace shmbus::base {

/// The name of a topic, checked: tokens `[A-Za-z0-9_-]+` joined by dots, 127 bytes at most.
class TopicName {
 public:
  /// A name as a user gives it. *Throws* Error, `invalid_name`.
  explicit TopicName(std::string_view text);
  /// A name that was read from shared memory or from a file's name. Returns nothing where it is invalid.
  static std::optional<TopicName> parse(std::string_view text);

  const std::string& text() const noexcept { return text_; }
  /// What error texts call the topic: "topic 'name'".
  std::string object() const;

  friend auto operator<=>(const TopicName&, const TopicName&) = default;

 private:
  struct Valid {};
  TopicName(std::string_view text, Valid) : text_(text) {}

  std::string text_;
};

}  // namespace shmbus::base
