#include "base/group_name.hpp"

#include "base/name_rules.hpp"

namespace shmbus::base {

GroupName::GroupName(std::string_view text) : text_(text) { check_token_name("group name", text, kMaxGroupName); }

std::optional<GroupName> GroupName::parse(std::string_view text) {
  const bool valid = is_token(text) && text.size() <= kMaxGroupName;
  return valid ? std::optional(GroupName(text, Valid{})) : std::nullopt;
}

std::string GroupName::object() const { return "group '" + text_ + "'"; }

}  // namespace shmbus::base
