#include "shmbus/trace_context.hpp"

#include <algorithm>
#include <span>

namespace shmbus {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

/// Takes two hexadecimal digits off the text for each byte. Returns false where they are no such digits.
bool take_hex(std::string_view& text, std::span<std::byte> bytes) noexcept {
  if (text.size() < 2 * bytes.size()) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t high = kDigits.find(text[2 * i]), low = kDigits.find(text[2 * i + 1]);
    if (high == kDigits.npos || low == kDigits.npos) return false;
    bytes[i] = static_cast<std::byte>(high << 4 | low);
  }
  text.remove_prefix(2 * bytes.size());
  return true;
}

bool take_dash(std::string_view& text) noexcept {
  if (!text.starts_with('-')) return false;
  text.remove_prefix(1);
  return true;
}

bool zeros(std::span<const std::byte> bytes) noexcept {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{}; });
}

void append_hex(std::string& text, std::span<const std::byte> bytes) {
  for (const std::byte b : bytes) {
    text += kDigits[std::to_integer<std::size_t>(b) >> 4];
    text += kDigits[std::to_integer<std::size_t>(b) & 15];
  }
}

}  // namespace

std::optional<TraceContext> TraceContext::parse(std::string_view text) noexcept {
  TraceContext context;
  std::byte version{}, flags{};
  if (!take_hex(text, {&version, 1}) || !take_dash(text) || !take_hex(text, context.trace_id) || !take_dash(text) ||
      !take_hex(text, context.parent_id) || !take_dash(text) || !take_hex(text, {&flags, 1}))
    return std::nullopt;
  constexpr std::byte kInvalid{0xff};
  if (version == kInvalid || zeros(context.trace_id) || zeros(context.parent_id)) return std::nullopt;
  if (version == std::byte{} ? !text.empty() : !text.empty() && text.front() != '-') return std::nullopt;
  context.flags = std::to_integer<std::uint8_t>(flags);
  return context;
}

std::string TraceContext::traceparent() const {
  std::string text = "00-";
  append_hex(text, trace_id);
  text += '-';
  append_hex(text, parent_id);
  text += '-';
  const auto byte = static_cast<std::byte>(flags);
  append_hex(text, {&byte, 1});
  return text;
}

}  // namespace shmbus
