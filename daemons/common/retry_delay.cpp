#include "retry_delay.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <string>

namespace shmbus::daemon {
namespace {

constexpr std::chrono::hours longest{1};

/// "Wed, 21 Oct 2015 07:28:00 GMT". Not by strptime, which reads names in the language of the locale.
std::optional<Time> parse_http_date(std::string_view text) {
  static constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::string_view shape = "???, ## ??? #### ##:##:## GMT";
  if (text.size() != shape.size()) return std::nullopt;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (shape[i] == '#' ? !digit : shape[i] != '?' && shape[i] != text[i]) return std::nullopt;
  }
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    for (const char c : text.substr(at, digits)) value = value * 10 + (c - '0');
    return value;
  };
  const auto month = std::find(months.begin(), months.end(), text.substr(8, 3));
  if (month == months.end()) return std::nullopt;
  std::tm date{};
  date.tm_mday = number(5, 2);
  date.tm_mon = static_cast<int>(month - months.begin());
  date.tm_year = number(12, 4) - 1900;
  date.tm_hour = number(17, 2);
  date.tm_min = number(20, 2);
  date.tm_sec = number(23, 2);
  // Kept in seconds: nanoseconds since 1970 do not reach every year that has four digits.
  const std::chrono::seconds since_1970{::timegm(&date)};
  const auto last = std::chrono::floor<std::chrono::seconds>(Time::max().time_since_epoch());
  return Time{std::clamp(since_1970, std::chrono::seconds{0}, last)};
}

}  // namespace

std::chrono::nanoseconds RetryDelay::next() {
  const std::chrono::nanoseconds step = step_;
  step_ = std::min<std::chrono::nanoseconds>(2 * step, most);
  return std::chrono::nanoseconds{std::uniform_int_distribution<std::int64_t>{step.count() / 2, step.count()}(random_)};
}

std::optional<std::chrono::nanoseconds> parse_retry_after(std::string_view text, Time now) {
  std::int64_t seconds = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (rest == text.data() + text.size() && rest != text.data() && seconds >= 0) {
    if (error == std::errc::result_out_of_range) return longest;
    if (error == std::errc{}) return std::chrono::seconds{std::min<std::int64_t>(seconds, std::chrono::seconds{longest}.count())};
  }
  const auto date = parse_http_date(text);
  if (!date) return std::nullopt;
  return std::clamp<std::chrono::nanoseconds>(*date - now, std::chrono::nanoseconds{0}, longest);
}

}  // namespace shmbus::daemon
