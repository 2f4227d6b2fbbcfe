#include "verb.hpp"

namespace shmbus::tool {

CLI::Validator whole_number() {
  return CLI::Validator{
      [](const std::string& text) {
        const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
        return digits && text.size() < 20 ? std::string{} : "expected a whole number, found '" + text + "'";
      },
      ""};
}

}  // namespace shmbus::tool
