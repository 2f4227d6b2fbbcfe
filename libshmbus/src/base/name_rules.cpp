#include "base/name_rules.hpp"

#include <algorithm>

#include "base/quoted.hpp"
#include "shmbus/error.hpp"

namespace shmbus::base {

void refuse_name(const std::string& kind, std::string_view name, const std::string& expected, const std::string& found,
                 const std::string& remedy) {
  throw Error(ErrorCode::invalid_name, {kind + " " + quoted(name), expected, found, remedy});
}

void check_name_length(const std::string& kind, std::string_view name, std::size_t limit) {
  if (name.empty()) refuse_name(kind, name, "at least one character", "none", "give it a name");
  if (name.size() > limit) {
    refuse_name(kind, name, "at most " + std::to_string(limit) + " bytes", std::to_string(name.size()) + " bytes",
                "shorten it");
  }
}

void check_token_name(const std::string& kind, std::string_view name, std::size_t limit) {
  check_name_length(kind, name, limit);
  const auto bad = std::find_if_not(name.begin(), name.end(), is_name_character);
  if (bad == name.end()) return;
  refuse_name(kind, name, "characters of " + std::string(kNameCharacters), quoted(std::string_view(&*bad, 1)),
              "use letters, digits, '_' and '-' only");
}

}  // namespace shmbus::base
