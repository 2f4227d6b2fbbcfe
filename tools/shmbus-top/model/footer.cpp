#include "model/footer.hpp"

#include <string>

namespace shmbus::top {

void Footer::key(std::string_view name, std::string_view text, Tone tone) {
  const std::string_view between = line_.spans.empty() ? "" : "  ";
  const std::size_t width = between.size() + width_of(name) + 1 + width_of(text);
  if (width > room_) return;
  room_ -= width;
  line_.add(std::string{between}).add(std::string{name}, Tone::strong).add(" ").add(std::string{text}, tone);
}

}  // namespace shmbus::top
