#include "time_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <ctime>

namespace shmbus::tool {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

/// "12", "12.5": the number, in units of 10^-9. At most nine digits after the point, and nothing that would overflow.
std::optional<std::int64_t> parse_decimal(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string digits{text.substr(0, point)};
  std::string_view fraction = text.substr(point);
  if (!fraction.empty()) fraction.remove_prefix(1);
  if (digits.empty() || (point < text.size() && fraction.empty()) || fraction.size() > 9) return std::nullopt;
  digits.append(fraction).append(9 - fraction.size(), '0');
  if (!std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

/// The number that `digits` spell, which are too few to overflow.
int number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

/// Compares character by character: # stands for a digit, T for a separator of date and time, + for a sign.
bool has_form(std::string_view text, std::string_view form) {
  return std::equal(text.begin(), text.end(), form.begin(), form.end(), [](char c, char expected) {
    if (expected == '#') return c >= '0' && c <= '9';
    if (expected == 'T') return c == 'T' || c == 't' || c == ' ';
    if (expected == '+') return c == '+' || c == '-';
    return c == expected;
  });
}

std::optional<minutes> parse_zone(std::string_view text) {
  if (text == "Z" || text == "z") return minutes{0};
  if (!has_form(text, "+##:##")) return std::nullopt;
  const hours h{number(text.substr(1, 2))};
  const minutes m{number(text.substr(4, 2))};
  if (h >= hours{24} || m >= minutes{60}) return std::nullopt;
  return text.front() == '-' ? -(h + m) : h + m;
}

std::optional<Time> parse_rfc3339(std::string_view text) {
  static constexpr std::string_view form = "####-##-##T##:##:##";
  if (!has_form(text.substr(0, form.size()), form)) return std::nullopt;
  const int year = number(text.substr(0, 4));
  const std::chrono::year_month_day day{std::chrono::year{year},
                                        std::chrono::month{static_cast<unsigned>(number(text.substr(5, 2)))},
                                        std::chrono::day{static_cast<unsigned>(number(text.substr(8, 2)))}};
  const hours h{number(text.substr(11, 2))};
  const minutes m{number(text.substr(14, 2))};
  const std::size_t zone_at = std::min(text.find_first_not_of("0123456789.", 17), text.size());
  const std::optional<std::int64_t> s = parse_decimal(text.substr(17, zone_at - 17));
  const std::optional<minutes> zone = parse_zone(text.substr(zone_at));
  // 64-bit nanoseconds since 1970 end in 2262; a minute may have a leap second.
  if (!day.ok() || year < 1970 || year > 2261 || h >= hours{24} || m >= minutes{60} || !s || !zone) return std::nullopt;
  if (nanoseconds{*s} >= seconds{61}) return std::nullopt;
  return Time{std::chrono::sys_days{day}} + h + m + nanoseconds{*s} - *zone;
}

}  // namespace

std::optional<nanoseconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    nanoseconds length;
  };
  using namespace std::chrono_literals;
  static constexpr std::array units = {Unit{"ms", 1ms}, Unit{"s", 1s}, Unit{"m", 1min}, Unit{"h", 1h},
                                       Unit{"d", days{1}}};
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto unit =
      std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == text.substr(digits); });
  const std::optional<std::int64_t> value = parse_decimal(text.substr(0, digits));
  if (unit == units.end() || !value) return std::nullopt;
  const std::int64_t length = unit->length.count();
  if (length < 1'000'000'000) return nanoseconds{*value / (1'000'000'000 / length)};
  std::int64_t product = 0;
  if (__builtin_mul_overflow(*value, length / 1'000'000'000, &product)) return std::nullopt;
  return nanoseconds{product};
}

std::string rfc3339(Time time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::string clock_text(Time time, Time now) {
  const auto civil = [](Time t) {
    const std::time_t whole = std::chrono::floor<seconds>(t).time_since_epoch().count();
    std::tm parts{};
    ::localtime_r(&whole, &parts);
    return parts;
  };
  const std::tm then = civil(time), today = civil(now);
  const auto micro = std::chrono::floor<std::chrono::microseconds>(time - std::chrono::floor<seconds>(time)).count();
  const std::string clock = fmt::format("{:02}:{:02}:{:02}.{:06}", then.tm_hour, then.tm_min, then.tm_sec, micro);
  if (then.tm_year == today.tm_year && then.tm_yday == today.tm_yday) return clock;
  return fmt::format("{:04}-{:02}-{:02} {}", then.tm_year + 1900, then.tm_mon + 1, then.tm_mday, clock);
}

std::optional<Time> parse_time(std::string_view text, Time now) {
  if (text.starts_with('-')) {
    const std::optional<nanoseconds> age = parse_duration(text.substr(1));
    if (!age) return std::nullopt;
    return now - std::min(*age, now.time_since_epoch());  // an age that reaches back beyond 1970 gives 1970
  }
  if (const std::optional<std::int64_t> since_1970 = parse_decimal(text)) return Time{nanoseconds{*since_1970}};
  return parse_rfc3339(text);
}

}  // namespace shmbus::tool
