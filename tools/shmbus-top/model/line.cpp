#include "model/line.hpp"

#include <cwchar>

namespace shmbus::top {
namespace {

struct Character {
  std::size_t bytes;
  std::size_t width;
};

Character first_of(std::string_view text) {
  wchar_t wide = 0;
  std::mbstate_t state{};
  const std::size_t bytes = std::mbrtowc(&wide, text.data(), text.size(), &state);
  if (bytes == 0 || bytes > text.size()) return {1, 1};
  const int width = ::wcwidth(wide);
  return {bytes, width < 0 ? 1 : static_cast<std::size_t>(width)};
}

}  // namespace

std::string text_of(const Line& line) {
  std::string text;
  for (const Span& span : line.spans) text += span.text;
  return text;
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Character c = first_of(text);
    width += c.width;
    text.remove_prefix(c.bytes);
  }
  return width;
}

std::string fit(std::string_view text, std::size_t width, bool to_the_right) {
  const std::size_t has = width_of(text);
  if (has <= width) {
    const std::string space(width - has, ' ');
    return to_the_right ? space + std::string{text} : std::string{text} + space;
  }
  if (width == 0) return {};
  std::string cut;
  std::size_t used = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const Character c = first_of(rest);
    if (used + c.width > width - 1) break;
    cut += rest.substr(0, c.bytes);
    used += c.width;
    rest.remove_prefix(c.bytes);
  }
  cut += '~';
  return cut + std::string(width - used - 1, ' ');
}

}  // namespace shmbus::top
