#include "journal/file_names.hpp"

#include <algorithm>
#include <charconv>

#include "journal/file_layout.hpp"

namespace shmbus::journal {

namespace {

constexpr std::string_view kEventsEnding = ".events";
constexpr std::string_view kIndexEnding = ".index";
constexpr std::size_t kDigits = 20;

std::string digits(std::uint64_t number) {
  const std::string text = std::to_string(number);
  return std::string(kDigits - text.size(), '0') + text;
}

std::optional<std::uint64_t> parse_name(std::string_view name, std::string_view ending) noexcept {
  if (name.size() != kDigits + ending.size() || !name.ends_with(ending)) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kDigits, number);
  if (error != std::errc{} || end != name.data() + kDigits || number >= kNumberLimit) return std::nullopt;
  return number;
}

}  // namespace

std::string events_name(std::uint64_t first) { return digits(first).append(kEventsEnding); }
std::string index_name(std::uint64_t first) { return digits(first).append(kIndexEnding); }

std::optional<std::uint64_t> parse_events_name(std::string_view name) noexcept {
  return parse_name(name, kEventsEnding);
}
std::optional<std::uint64_t> parse_index_name(std::string_view name) noexcept { return parse_name(name, kIndexEnding); }

int list_events(Storage& storage, std::vector<std::uint64_t>& firsts) {
  firsts.clear();
  std::vector<std::string> names;
  if (const int error = storage.list(names)) return error;
  for (const std::string& name : names) {
    if (const auto first = parse_events_name(name)) firsts.push_back(*first);
  }
  std::sort(firsts.begin(), firsts.end());
  return 0;
}

}  // namespace shmbus::journal
