#include "trace_ids.hpp"

#include <span>
#include <string_view>

namespace shmbus::tracing {
namespace {

/// The finalizer of SplitMix64: each bit of the result depends on all of the word.
std::uint64_t mix(std::uint64_t word) noexcept {
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
  word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
  return word ^ (word >> 31);
}

std::uint64_t mix(const EventId& id, std::uint64_t seed) noexcept {
  return mix(mix(mix(seed ^ id.bus) ^ id.topic) ^ id.sequence);
}

void put(std::span<std::byte> to, std::uint64_t word) noexcept {
  for (std::size_t i = 0; i < 8; ++i) to[i] = static_cast<std::byte>(word >> (56 - 8 * i));
}

std::string digits_of(std::span<const std::byte> bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte b : bytes) {
    text += digits[std::to_integer<std::size_t>(b) >> 4];
    text += digits[std::to_integer<std::size_t>(b) & 15];
  }
  return text;
}

}  // namespace

SpanId span_id_of(const EventId& event) noexcept {
  SpanId id{};
  put(id, mix(event, 0x7368'6d62'7573'2d73));
  if (id == SpanId{}) id.back() = std::byte{1};  // zeros alone are no span id
  return id;
}

std::string hex_text(const TraceId& id) { return digits_of(id); }
std::string hex_text(const SpanId& id) { return digits_of(id); }

std::size_t EventIdHash::operator()(const EventId& id) const noexcept {
  return static_cast<std::size_t>(mix(id, 0x9e37'79b9'7f4a'7c15));
}

}  // namespace shmbus::tracing
