#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace shmbus::base {

inline constexpr std::size_t kMaxDurableName = 63;  ///< bytes

/// A checked name of a durable subscription: `[A-Za-z0-9_-]{1,63}`.
class DurableName {
 public:
  /// Checks a name that a user gives. *Throws* Error, `invalid_name`.
  explicit DurableName(std::string_view text);
  /// Checks a name that was read from a file or its name. Returns nothing where it is invalid.
  static std::optional<DurableName> parse(std::string_view text);

  const std::string& text() const noexcept { return text_; }
  /// Returns what error texts call the subscription: "durable subscription 'name'".
  std::string object() const;

  friend auto operator<=>(const DurableName&, const DurableName&) = default;

 private:
  struct Valid {};
  DurableName(std::string_view text, Valid) : text_(text) {}

  std::string text_;
};

}  // namespace shmbus::base
