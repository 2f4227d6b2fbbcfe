#include "base/durable_name.hpp"

#include "base/name_rules.hpp"

namespace shmbus::base {

DurableName::DurableName(std::string_view text) : text_(text) {
  check_token_name("durable name", text, kMaxDurableName);
}

std::optional<DurableName> DurableName::parse(std::string_view text) {
  const bool valid = is_token(text) && text.size() <= kMaxDurableName;
  return valid ? std::optional(DurableName(text, Valid{})) : std::nullopt;
}

std::string DurableName::object() const { return "durable subscription '" + text_ + "'"; }

}  // namespace shmbus::base
