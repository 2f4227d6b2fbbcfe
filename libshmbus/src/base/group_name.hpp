#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace shmbus::base {

inline constexpr std::size_t kMaxGroupName = 63;  ///< bytes

/// A checked name of a group: `[A-Za-z0-9_-]{1,63}`.
class GroupName {
 public:
  /// Checks a name that a user gives. *Throws* Error, `invalid_name`.
  explicit GroupName(std::string_view text);
  /// Checks a name that was read from a file or its name. Returns nothing where it is invalid.
  static std::optional<GroupName> parse(std::string_view text);

  const std::string& text() const noexcept { return text_; }
  /// Returns what error texts call the group: "group 'name'".
  std::string object() const;

  friend auto operator<=>(const GroupName&, const GroupName&) = default;

 private:
  struct Valid {};
  GroupName(std::string_view text, Valid) : text_(text) {}

  std::string text_;
};

}  // namespace shmbus::base
