#include "shmbus/event_id.hpp"

#include <charconv>
#include <cstdio>

namespace shmbus {

std::string EventId::to_string() const {
  char text[64];
  std::snprintf(text, sizeof text, "%016llx-%016llx-%llu", static_cast<unsigned long long>(bus),
                static_cast<unsigned long long>(topic), static_cast<unsigned long long>(sequence));
  return text;
}

std::optional<EventId> EventId::parse(std::string_view text) noexcept {
  EventId id;
  const auto read = [&text](std::uint64_t& value, int base, std::size_t digits) {
    const std::size_t end = digits != 0 ? digits : text.size();
    if (text.size() < end) return false;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + end, value, base);
    if (error != std::errc{} || rest != text.data() + end) return false;
    text.remove_prefix(end);
    return true;
  };
  const auto dash = [&text] {
    if (!text.starts_with('-')) return false;
    text.remove_prefix(1);
    return true;
  };
  constexpr std::size_t kDigits = 16;
  if (!read(id.bus, 16, kDigits) || !dash() || !read(id.topic, 16, kDigits) || !dash() || !read(id.sequence, 10, 0))
    return std::nullopt;
  return id;
}

}  // namespace shmbus
