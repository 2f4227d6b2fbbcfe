#include "base/quoted.hpp"

namespace shmbus::base {

std::string quoted(std::string_view name) {
  constexpr std::size_t kShown = 160;  // bytes; longer names make an error text hard to read
  std::string text = "'";
  for (char c : name.substr(0, kShown)) text += c >= ' ' && c != 127 ? c : '?';
  return text + (name.size() > kShown ? "...'" : "'");
}

}  // namespace shmbus::base
