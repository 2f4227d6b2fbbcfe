#include "base/durable_name.hpp"

#include <algorithm>

#include "base/name_rules.hpp"
#include "base/quoted.hpp"

namespace shmbus::base {

DurableName::DurableName(std::string_view text) : text_(text) {
  check_name_length("durable name", text, kMaxDurableName);
  const auto bad = std::find_if_not(text.begin(), text.end(), is_name_character);
  if (bad != text.end()) {
    refuse_name("durable name", text, "characters of " + std::string(kNameCharacters),
                quoted(std::string_view(&*bad, 1)), "use letters, digits, '_' and '-' only");
  }
}

std::optional<DurableName> DurableName::parse(std::string_view text) {
  const bool valid = is_token(text) && text.size() <= kMaxDurableName;
  return valid ? std::optional(DurableName(text, Valid{})) : std::nullopt;
}

std::string DurableName::object() const { return "durable subscription '" + text_ + "'"; }

}  // namespace shmbus::base
